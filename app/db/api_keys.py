"""API keys: created, listed and revoked by the tables' owner, and looked up by the service through a function."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, Uuid, bindparam, column, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db import tables
from app.db.driver_errors import is_silent_alone, translate_failures
from app.db.probing import PROBE_SECONDS, answered_within
from app.domain.fields import is_storable
from app.domain.identity import Scope
from app.domain.texts import stored_form, unprintable_in

PREFIX = "cgk_"
"""Prefix of every key, by which people and secret scanners recognize one."""
_SECRET_BYTES = 32
_MAX_NAME = 255
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")

_presented = func.unnest(bindparam("hashes", type_=ARRAY(LargeBinary))).column_valued("key_hash")
_found = func.authenticate_api_key(_presented).table_valued(
    column("company_id", Uuid),
    column("id", Uuid),
    column("name", Text),
    column("scopes", ARRAY(Text)),
    column("expires_at", DateTime(timezone=True)),
    joins_implicitly=True,
)
_FIND = select(_presented, _found)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret, which can't be read again."""

    company_id: UUID
    id: UUID
    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListedApiKey(ApiKey):
    """A key as `api-key list` shows it."""

    created_at: datetime
    revoked_at: datetime | None


def is_well_formed(presented: str) -> bool:
    """Return whether a text has the form of a key; other texts needn't be looked up."""
    return _FORM.fullmatch(presented) is not None


def hash_of(plaintext: str) -> bytes:
    """Return the hash that is stored of a key. One round of SHA-256 is enough for 256 random bits."""
    return hashlib.sha256(plaintext.encode()).digest()


async def find(engine: AsyncEngine, hashes: Sequence[bytes]) -> Mapping[bytes, ApiKey]:
    """Return the valid keys by hash; unknown, revoked and expired keys are left out.

    Raise DatabaseUnavailable if the server doesn't answer within two seconds. The limit is extended by two seconds if
    the first connection is silent while the server answers over others.
    """
    with translate_failures():
        async with answered_within(PROBE_SECONDS, "The look-up of an API key") as limit:
            try:
                return await _find(engine, hashes)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                if is_silent_alone(error):
                    limit.restart(PROBE_SECONDS)
                # A restarted server leaves a dead connection in the pool. The first failure has discarded it.
                return await _find(engine, hashes)


async def _find(engine: AsyncEngine, hashes: Sequence[bytes]) -> Mapping[bytes, ApiKey]:
    async with engine.connect() as connection:
        rows = (await connection.execute(_FIND, {"hashes": hashes})).all()
    return {row.key_hash: ApiKey(row.company_id, row.id, row.name, _known(row.scopes), row.expires_at) for row in rows}


async def create(
    connection: AsyncConnection, company_id: UUID, name: str, scopes: Iterable[Scope], expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """Create a key; return it and its plaintext, which isn't stored. Raise ValueError for an invalid name."""
    name = stored_form(name)
    if not 1 <= len(name) <= _MAX_NAME or unprintable_in(name) or not is_storable(name):
        msg = f"An API key's name has 1 to {_MAX_NAME} printable characters."
        raise ValueError(msg)
    plaintext = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(_SECRET_BYTES)).rstrip(b"=").decode()
    key = ApiKey(company_id, uuid4(), name, frozenset(scopes), expires_at)
    await connection.execute(
        insert(tables.api_keys).values(
            company_id=company_id,
            id=key.id,
            name=name,
            key_hash=hash_of(plaintext),
            scopes=sorted(key.scopes),
            expires_at=expires_at,
        )
    )
    return key, plaintext


async def list_keys(connection: AsyncConnection, company_id: UUID) -> list[ListedApiKey]:
    """Return all keys of a company, also revoked and expired ones, oldest first."""
    keys = tables.api_keys.c
    statement = (
        select(keys.company_id, keys.id, keys.name, keys.scopes, keys.expires_at, keys.created_at, keys.revoked_at)
        .where(keys.company_id == company_id)
        .order_by(keys.created_at, keys.id)
    )
    return [
        ListedApiKey(
            row.company_id, row.id, row.name, _known(row.scopes), row.expires_at, row.created_at, row.revoked_at
        )
        for row in await connection.execute(statement)
    ]


async def revoke(connection: AsyncConnection, company_id: UUID, id: UUID) -> bool:  # noqa: A002 - the column's name
    """Revoke a key; return False if the company has no such key or it is already revoked."""
    keys = tables.api_keys
    statement = (
        update(keys)
        .where(keys.c.company_id == company_id, keys.c.id == id, keys.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(keys.c.id)
    )
    return (await connection.execute(statement)).one_or_none() is not None


def _known(names: Sequence[str]) -> frozenset[Scope]:
    """Return the scopes that this release knows; others grant nothing."""
    return frozenset(scope for scope in Scope if scope in names)
