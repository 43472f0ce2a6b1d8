"""`company`: create, list and update companies."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.failures import CommandError, ExitCode
from app.cli.owner import owner_transaction
from app.cli.target import owner_target
from app.db import companies
from app.db.identifiers import new_id
from app.db.rows import CompanyRow
from app.db.unit_of_work import constraint_of
from app.domain.company_fields import read_company
from app.domain.fields import schema_name
from app.unavailable import Cause, DatabaseUnavailable

company = typer.Typer(help="Create, list and update companies.", no_args_is_help=True)


Name = Annotated[str, typer.Argument(help="The company's name, 1 to 255 characters.")]
Currency = Annotated[str, typer.Option("--currency", help="The base currency, ISO 4217, such as DKK.")]
TimeZone = Annotated[str, typer.Option("--time-zone", help="The IANA time zone that determines the current date.")]
CompanyId = Annotated[str, typer.Argument(metavar="ID", help="The company's id, as `list` shows it.")]


@company.command()
def create(
    name: Name,
    currency: Currency,
    time_zone: TimeZone = "Europe/Copenhagen",
    company_id: Annotated[
        str | None, typer.Option("--id", help="The company's id, a UUID. Default: a new one.")
    ] = None,
) -> None:
    """Create a company and print its id. Repeating it with the same id and values changes nothing."""
    given = {"name": name, "base_currency": currency, "time_zone": time_zone}
    options = {"name": "NAME", "base_currency": "--currency", "time_zone": "--time-zone", "id": "--id"}
    values: dict[str, Any] = {"id": new_id()} | _read(
        given if company_id is None else given | {"id": company_id}, options
    )
    stored = asyncio.run(_create(owner_target().settings.owner_dsn, CompanyRow(**values)))
    sys.stdout.write(f"{stored.id}\n")


@company.command(name="list")
def list_(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array with every field of each.")] = False
) -> None:
    """List all companies, the oldest first: id, base currency, time zone and name."""
    found = asyncio.run(_list(owner_target().settings.owner_dsn))
    if as_json:
        sys.stdout.write(f"{json.dumps([_shown(row) for row in found], ensure_ascii=False, indent=2)}\n")
        return
    for row in found:
        sys.stdout.write(f"{row.id}  {row.base_currency}  {row.time_zone:<20}  {row.name}\n")


@company.command(name="update")
def update_(
    company_id: CompanyId,
    name: Annotated[str | None, typer.Option(help="The new name.")] = None,
    currency: Annotated[
        str | None, typer.Option(help="The new base currency. Not possible while customers have amounts.")
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="The new time zone.")] = None,
) -> None:
    """Update a company. Options that are not given keep their values."""
    options = {"id": "ID", "name": "--name", "base_currency": "--currency", "time_zone": "--time-zone"}
    given = {"id": company_id, "name": name, "base_currency": currency, "time_zone": time_zone}
    values = _read({attribute: value for attribute, value in given.items() if value is not None}, options)
    if values.keys() == {"id"}:
        msg = "Nothing to update: set at least one of --name, --time-zone and --currency."
        raise CommandError(msg, ExitCode.SETTINGS)
    changed = asyncio.run(_update(owner_target().settings.owner_dsn, values.pop("id"), values))
    sys.stdout.write(
        f"Changed {', '.join(changed)}.\n" if changed else "Nothing changed: the company already has these values.\n"
    )


def unknown_company(company_id: UUID) -> CommandError:
    """Return the error for a company that does not exist."""
    msg = (
        f"The company {company_id} does not exist: `customer-gateway company list` shows all companies, "
        "`customer-gateway company create` creates one."
    )
    return CommandError(msg, ExitCode.SETTINGS)


def _read(given: Mapping[str, object], options: Mapping[str, str]) -> dict[str, Any]:
    """Return the values by attribute. Raise CommandError with all problems, each with its option."""
    values, problems = read_company(given)
    if problems:
        lines = [f"{options[str(problem.path[-1])]} {problem.message}" for problem in problems]
        raise CommandError("\n".join(lines), ExitCode.SETTINGS)
    return values


def _shown(row: CompanyRow) -> dict[str, str]:
    return {schema_name(attribute): str(value) for attribute, value in row._asdict().items()}


async def _create(owner_dsn: str, wanted: CompanyRow) -> CompanyRow:
    async with _writing(owner_dsn, wanted.time_zone) as connection:
        stored = await companies.create(connection, wanted)
    if stored != wanted:
        msg = (
            f"The company {stored.id} already exists with other values: {stored.name}, {stored.base_currency}, "
            f"{stored.time_zone}. Change it with `customer-gateway company update`, or choose another id."
        )
        raise CommandError(msg, ExitCode.SETTINGS)
    return stored


async def _list(owner_dsn: str) -> list[CompanyRow]:
    async with owner_transaction(owner_dsn) as connection:
        return await companies.every(connection)


async def _update(owner_dsn: str, company_id: UUID, values: Mapping[str, Any]) -> list[str]:
    """Write the values that differ, and return their names for the output."""
    async with _writing(owner_dsn, values.get("time_zone")) as connection:
        now = await companies.lock(connection, company_id, for_currency="base_currency" in values)
        if now is None:
            raise unknown_company(company_id)
        changes = {name: value for name, value in values.items() if getattr(now, name) != value}
        if "base_currency" in changes:
            await _require_no_amounts(connection, now)
        if changes:
            await companies.update_company(connection, company_id, changes)
    words = {"name": "the name", "base_currency": "the base currency", "time_zone": "the time zone"}
    return [words[name] for name in changes]


async def _require_no_amounts(connection: AsyncConnection, now: CompanyRow) -> None:
    # Amounts can't be converted: the exchange rate of the day on which each was entered is unknown.
    count = await companies.customers_with_amounts(connection, now.id)
    if count:
        msg = (
            f"The base currency {now.base_currency} can't be changed: {count}"
            f" customer{'s have' if count > 1 else ' has'} "
            "an opening balance or a credit limit in it. Clear those first."
        )
        raise CommandError(msg, ExitCode.SETTINGS)


@asynccontextmanager
async def _writing(owner_dsn: str, time_zone: str | None) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction. Errors of the database are raised as CommandError with a message."""
    try:
        async with owner_transaction(owner_dsn) as connection:
            yield connection
    except IntegrityError as error:
        if constraint_of(error) != companies.TIME_ZONE_CHECK:
            raise
        msg = (
            f"--time-zone {time_zone} is not known to the PostgreSQL server: choose another, or update its time zones."
        )
        raise CommandError(msg, ExitCode.SETTINGS) from error
    except DatabaseUnavailable as error:
        if error.cause is not Cause.LOCK_TIMEOUT:
            raise
        msg = "The company can't be changed while its customers are being written. Try again in a few seconds."
        raise CommandError(msg, ExitCode.DATABASE_AWAY) from error
