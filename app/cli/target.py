"""The database that a command works on: that of the environment's settings, or else that of the running `dev`."""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.cli.failures import CommandError, ExitCode
from app.cli.program import installed_program
from app.cli.running import DATA_FOLDER_VARIABLE, DEVELOPMENT_FOLDER, Running, find
from app.db.dsn import parse
from app.settings import Settings, load_settings

# What belongs to a deployed service and means nothing to `dev`. Passwords for the database need its URL anyway.
_DEPLOYED = ("jwt_jwks_url", "jwt_public_key_file", "jwt_issuer", "jwt_audience")


@dataclass(frozen=True, slots=True)
class Target:
    """A database that a command works on."""

    settings: Settings
    """The environment's settings, with the URLs of the database."""
    running: Running | None = None
    """The `dev` whose database it is."""

    def company_id(self, given: UUID | None) -> UUID:
        """Return the company that was given, or else the one that `dev` shows; CommandError if there is neither."""
        if given is not None:
            return given
        if self.running is None or self.running.company_id is None:
            msg = "--company is missing: give a company's id. `customer-gateway company list` shows all companies."
            raise CommandError(msg, ExitCode.SETTINGS)
        sys.stderr.write(f"Using the company {self.running.company_id}; --company chooses another.\n")
        return self.running.company_id


def service_target() -> Target:
    """Return the database as the role that serves sees it, and name it on standard error; CommandError if there is none."""
    target = _target()
    if target.running is None:
        _tell("DATABASE_URL", target.settings.service_dsn)
    return target


def owner_target() -> Target:
    """Return the database as the tables' owner sees it, and name it on standard error; CommandError if there is none."""
    target = _target()
    if target.running is None:
        is_owner = target.settings.owner_database_url is not None
        _tell("OWNER_DATABASE_URL" if is_owner else "DATABASE_URL", target.settings.owner_dsn)
    return target


def data_folders() -> list[Path]:
    """Return where a `dev` may keep its data: the folder that DATA_FOLDER names, or else the usual ones.

    These are the folder `.dev` of the current folder and of those that hold it, and the one beside the virtual environment
    of this program, which is where `make dev` has it.
    """
    named = os.environ.get(DATA_FOLDER_VARIABLE)
    if named:
        return [Path(named)]
    here = Path.cwd()
    found = [DEVELOPMENT_FOLDER, *(folder / DEVELOPMENT_FOLDER for folder in here.parents)]
    if sys.prefix != sys.base_prefix:
        found.append(Path(sys.prefix).parent / DEVELOPMENT_FOLDER)
    return list(dict.fromkeys(found))


def _target() -> Target:
    settings = load_settings()
    if settings.database_url is not None or settings.owner_database_url is not None:
        return Target(settings)
    deployed = [name.upper() for name in _DEPLOYED if name in settings.model_fields_set]
    if deployed:
        msg = (
            f"DATABASE_URL is not set, but settings of a deployed service are: {', '.join(deployed)}. Set DATABASE_URL to "
            "that service's database. To use the database of a running `customer-gateway dev` instead, type:\n"
            f"    env {' '.join(f'-u {name}' for name in deployed)} {_typed()}"
        )
        raise CommandError(msg, ExitCode.SETTINGS)
    folder, running = next(_running(), (None, None))
    if running is None:
        raise _no_database()
    sys.stderr.write(f"Using the database of the running `customer-gateway dev` ({folder}).\n")
    urls = {"database_url": running.database_url, "owner_database_url": running.owner_database_url}
    return Target(settings.model_copy(update=urls), running)


def _running() -> Iterator[tuple[Path, Running]]:
    for folder in data_folders():
        running = find(folder)
        if running is not None:
            yield folder, running


def _no_database() -> CommandError:
    first = data_folders()[0]
    variable = f"{DATA_FOLDER_VARIABLE}={shlex.quote(str(first))} " if os.environ.get(DATA_FOLDER_VARIABLE) else ""
    msg = (
        f"DATABASE_URL is not set, and no `customer-gateway dev` runs on the data folder {first.absolute()}.\n"
        "For the development database, type in another shell, and leave it running (in a checkout, `make dev` does the same):\n"
        f"    {variable}{installed_program()} dev\n"
        "If it runs already on another data folder, name that folder:\n"
        f"    {DATA_FOLDER_VARIABLE}=FOLDER {_typed()}\n"
        "For another database, PostgreSQL 15 or newer:\n"
        f"    DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE {_typed()}"
    )
    return CommandError(msg, ExitCode.SETTINGS)


def _typed() -> str:
    """Return the command as it was typed, for a shell."""
    return f"{installed_program()} {shlex.join(sys.argv[1:])}"


def _tell(variable: str, dsn: str) -> None:
    database = parse(dsn)
    hosts = ", ".join(f"{host.name}:{host.port}" if host.port else host.name for host in database.hosts)
    sys.stderr.write(f"Using the database {database.database} on {hosts or 'this machine'} ({variable}).\n")
