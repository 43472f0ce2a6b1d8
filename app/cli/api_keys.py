"""`api-key`: create, list and revoke the API keys that clients send as `x-api-key`."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.exc import IntegrityError

from app.cli.companies import unknown_company
from app.cli.failures import CommandError, ExitCode
from app.cli.owner import owner_transaction
from app.cli.target import owner_target
from app.db import api_keys, companies
from app.domain.identity import Scope

api_key = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)

Company = Annotated[
    UUID | None, typer.Option(help="The company's id. Default, with the database of `dev`: its demo company.")
]


@api_key.command()
def create(
    name: Annotated[str, typer.Option(help="The purpose of the key, such as the program that uses it.")],
    scope: Annotated[list[Scope], typer.Option(help="A scope of the key; repeat the option for several.")],
    company: Company = None,
    days: Annotated[
        int | None, typer.Option(help="Lifetime of the key, in days. Default: no expiry.", min=1, max=36_500)
    ] = None,
) -> None:
    """Create a key and print it. Only its hash is stored, so it can't be shown again."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    target = owner_target()
    plaintext = asyncio.run(create_key(target.settings.owner_dsn, target.company_id(company), name, scope, expires_at))
    sys.stdout.write(f"{plaintext}\n")


@api_key.command(name="list")
def list_(company: Company = None) -> None:
    """List a company's keys with id, state, scopes and name."""
    target = owner_target()
    for key in asyncio.run(_list(target.settings.owner_dsn, target.company_id(company))):
        sys.stdout.write(f"{key.id}  {_state(key):<20}  {' '.join(sorted(key.scopes))}  {key.name}\n")


@api_key.command()
def revoke(
    key: Annotated[UUID, typer.Argument(help="The key's id, as `list` shows it.")], company: Company = None
) -> None:
    """Revoke a key. Servers may accept it for some seconds more (API_KEY_CACHE_SECONDS)."""
    target = owner_target()
    if not asyncio.run(_revoke(target.settings.owner_dsn, target.company_id(company), key)):
        msg = f"The company has no valid key {key}: see `customer-gateway api-key list`."
        raise CommandError(msg, ExitCode.SETTINGS)


def _state(key: api_keys.ListedApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "valid"
    return "expired" if key.expires_at <= datetime.now(UTC) else f"valid to {key.expires_at:%Y-%m-%d}"


async def create_key(owner_dsn: str, company: UUID, name: str, scopes: list[Scope], expires_at: datetime | None) -> str:
    """Create a key as the tables' owner, and return its plaintext."""
    try:
        async with owner_transaction(owner_dsn) as connection:
            _, plaintext = await api_keys.create(connection, company, name, scopes, expires_at)
    except ValueError as error:
        raise CommandError(str(error), ExitCode.SETTINGS) from error
    except IntegrityError as error:
        raise unknown_company(company) from error
    return plaintext


async def _list(owner_dsn: str, company: UUID) -> list[api_keys.ListedApiKey]:
    async with owner_transaction(owner_dsn) as connection:
        found = await api_keys.list_keys(connection, company)
        if not found and company not in {row.id for row in await companies.every(connection)}:
            raise unknown_company(company)
        return found


async def _revoke(owner_dsn: str, company: UUID, key: UUID) -> bool:
    async with owner_transaction(owner_dsn) as connection:
        return await api_keys.revoke(connection, company, key)
