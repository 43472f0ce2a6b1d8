"""`migrate` and `seed`: create or migrate the tables, and write demo data."""

import asyncio
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.failures import CommandError, ExitCode
from app.cli.owner import command_engine, require_migrated
from app.cli.target import owner_target
from app.db.dsn import parse
from app.db.migrate import upgrade
from app.db.revisions import head_revision
from app.db.roles import make_login_role, same_role
from app.db.seed import SeedReport
from app.db.seed import seed as seed_database
from app.settings import Settings


def migrate(
    alphabet: Annotated[
        str | None,
        typer.Option(
            help="The ICU locale for sorting names, such as da or sv-SE. It is fixed by the first run. Default: da."
        ),
    ] = None,
) -> None:
    """Migrate the database to this version, and create the role of DATABASE_URL if it is missing."""
    settings = owner_target().settings
    service = _service_role(settings)
    try:
        upgraded = upgrade(settings.owner_dsn, alphabet=alphabet)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.SETTINGS) from error
    for note in upgraded.notes:
        sys.stdout.write(f"{note}\n")
    sys.stdout.write(
        f"The database is at revision {head_revision()}; names sort by the alphabet {upgraded.alphabet}.\n"
    )
    if service is not None:
        made = asyncio.run(make_login_role(settings.owner_dsn, *service))
        sys.stdout.write(
            f'Created the role "{service[0]}".\n'
            if made
            else f'Granted the service\'s rights to the role "{service[0]}".\n'
        )


def seed(
    companies: Annotated[int, typer.Option(help="Number of companies.", min=1)] = 2,
    customers: Annotated[int, typer.Option(help="Number of customers in each company.", min=1)] = 1_000,
    number: Annotated[
        int, typer.Option("--seed", help="Seed of the random generator; the same seed writes the same rows.", min=0)
    ] = 1,
) -> None:
    """Write demo companies with customers, contacts and subscriptions."""
    owner_dsn = owner_target().settings.owner_dsn
    asyncio.run(_require_migrated(owner_dsn))
    with progress_bar("Writing customers") as progress:
        report = asyncio.run(
            seed_database(owner_dsn, companies=companies, customers=customers, seed=number, progress=progress)
        )
    sys.stdout.write(f"{summary(report)}\n")


def summary(report: SeedReport) -> str:
    """Return a summary of the written rows, with the companies' ids."""
    written = ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in report.rows.items() if count)
    return "\n".join((f"Wrote {written}.", *(f"Company {company_id}" for company_id in report.companies)))


@contextmanager
def progress_bar(words: str) -> Generator[Callable[[int, int], None]]:
    """Yield a function that takes (done, total) and updates a progress bar, which is shown only on a terminal."""
    with Progress(console=Console(stderr=True), disable=not sys.stdout.isatty(), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _service_role(settings: Settings) -> tuple[str, str | None] | None:
    """Return the name and password of the service's role; None if it is the owner.

    Raise CommandError if it has no name.
    """
    if settings.database_url is None or same_role(settings.database_url, settings.owner_dsn):
        return None
    service = parse(settings.database_url)
    if service.user is None:
        msg = "DATABASE_URL has no user: add the service's role, as in postgresql://user:password@host/database."
        raise CommandError(msg, ExitCode.SETTINGS)
    return service.user, service.password


async def _require_migrated(owner_dsn: str) -> None:
    async with command_engine(owner_dsn) as engine:
        await require_migrated(engine)
