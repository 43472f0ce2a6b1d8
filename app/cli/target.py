"""The database of a command: that of the settings, or else that of a running `dev`."""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.cli.failures import CommandError, ExitCode
from app.cli.program import installed_program
from app.cli.running import DATA_FOLDER_VARIABLE, DEVELOPMENT_FOLDER, Running, find_running
from app.db.dsn import parse
from app.settings import Settings, load_settings

# Settings of a deployed service that `dev` doesn't use. Database passwords are not listed, because they require its
# URL.
_DEPLOYED = ("jwt_jwks_url", "jwt_public_key_file", "jwt_issuer", "jwt_audience")


@dataclass(frozen=True, slots=True)
class Target:
    """The database of a command."""

    settings: Settings
    """The settings, including the database's URLs."""
    running: Running | None = None
    """The `dev` to which the database belongs, if any."""

    def company_id(self, given: UUID | None) -> UUID:
        """Return the given company, or else the demo company of `dev`. Raise CommandError if there is neither."""
        if given is not None:
            return given
        if self.running is None or self.running.company_id is None:
            msg = "--company is missing: set it to a company's id. `customer-gateway company list` shows all companies."
            raise CommandError(msg, ExitCode.SETTINGS)
        sys.stderr.write(f"Using the company {self.running.company_id}; --company selects another.\n")
        return self.running.company_id


def service_target() -> Target:
    """Return the database for the service's role, and print its name to standard error.

    Raise CommandError without one.
    """
    target = _target()
    if target.running is None:
        _print_database("DATABASE_URL", target.settings.service_dsn)
    return target


def owner_target() -> Target:
    """Return the database for the tables' owner, and print its name to standard error.

    Raise CommandError without one.
    """
    target = _target()
    if target.running is None:
        is_owner = target.settings.owner_database_url is not None
        _print_database("OWNER_DATABASE_URL" if is_owner else "DATABASE_URL", target.settings.owner_dsn)
    return target


def data_folders() -> list[Path]:
    """Return the possible data folders of `dev`: DATA_FOLDER if it is set, otherwise the default ones.

    These are `.dev` in the current folder and its parents, and `.dev` beside this program's virtual environment, where
    `make dev` creates it.
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
            f"DATABASE_URL is not set, but settings of a deployed service are: {', '.join(deployed)}. Set"
            " DATABASE_URL to "
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
        running = find_running(folder)
        if running is not None:
            yield folder, running


def _no_database() -> CommandError:
    first = data_folders()[0]
    variable = f"{DATA_FOLDER_VARIABLE}={shlex.quote(str(first))} " if os.environ.get(DATA_FOLDER_VARIABLE) else ""
    msg = (
        f"DATABASE_URL is not set, and no `customer-gateway dev` runs on the data folder {first.absolute()}.\n"
        "For the development database, type in another shell, and leave it running (in a checkout, `make"
        " dev` does the same):\n"
        f"    {variable}{installed_program()} dev\n"
        "If it runs already on another data folder, name that folder:\n"
        f"    {DATA_FOLDER_VARIABLE}=FOLDER {_typed()}\n"
        "For another database, PostgreSQL 15 or newer:\n"
        f"    DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE {_typed()}"
    )
    return CommandError(msg, ExitCode.SETTINGS)


def _typed() -> str:
    """Return the current command line, for a shell."""
    return f"{installed_program()} {shlex.join(sys.argv[1:])}"


def _print_database(variable: str, dsn: str) -> None:
    database = parse(dsn)
    hosts = ", ".join(f"{host.name}:{host.port}" if host.port else host.name for host in database.hosts)
    sys.stderr.write(f"Using the database {database.database} on {hosts or 'this machine'} ({variable}).\n")
