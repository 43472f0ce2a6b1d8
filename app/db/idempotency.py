"""Idempotency keys: claimed by the first transaction that uses them, and kept for 24 hours with the outcome."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CTE, Executable, any_, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.db.declarations import narrowed
from app.db.read_session import COMPANY
from app.db.tables import idempotency_keys as keys
from app.db.unit_of_work import LostRace, Session, WriteSession

_KEPT = text("now() + interval '24 hours'")
_KEY, _MUTATION, _FINGERPRINT, _PAYLOAD = "given_key", "given_mutation", "given_fingerprint", "given_payload"
_MOST_REMOVED = 20
"""Maximum number of expired keys that a claim removes. It adds one, so expired keys don't accumulate."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The stored content of a claimed key."""

    fingerprint: bytes
    payload: Any


async def claim(session: WriteSession, key: str, mutation: str, fingerprint: bytes) -> Claimed | None:
    """Claim a key for this transaction and return None, or return what is stored under it.

    Waits for a concurrent claim of the same key. The same statement removes some expired keys of the company.
    """
    if await session.rows(_claim_statement(), {_KEY: key, _MUTATION: mutation, _FINGERPRINT: fingerprint}):
        return None
    found = await find(session, key)
    if found is None:
        # The key expired and another transaction removed it in the meantime.
        raise LostRace
    return found


async def find(session: Session, key: str) -> Claimed | None:
    """Return what is stored under a key; None if the key is unknown or expired."""
    found = await session.rows(_find_statement(), {_KEY: key})
    return Claimed(*found[0]) if found else None


async def remember(session: WriteSession, key: str, payload: Any) -> None:
    """Store the outcome under a key that this transaction claimed."""
    await session.rows(_remember_statement(), {_KEY: key, _PAYLOAD: payload})


@cache
def _claim_statement() -> Executable:
    values: dict[str, Any] = {
        "mutation": bindparam(_MUTATION),
        "fingerprint": bindparam(_FINGERPRINT),
        "payload": {},
        "expires_at": _KEPT,
    }
    claiming = insert(keys).values({"company_id": bindparam(COMPANY), "key": bindparam(_KEY), **values})
    # An expired key is overwritten, not removed: one statement can't write a row twice.
    claiming = claiming.on_conflict_do_update(
        index_elements=[keys.c.company_id, keys.c.key],
        set_={**{name: claiming.excluded[name] for name in values}, "created_at": func.now()},
        where=keys.c.expires_at <= func.now(),
    )
    return claiming.add_cte(_removal()).returning(keys.c.key)


@cache
def _find_statement() -> Executable:
    is_given = keys.c.key == bindparam(_KEY)
    return select(keys.c.fingerprint, keys.c.payload).where(narrowed(keys), is_given, keys.c.expires_at > func.now())


@cache
def _remember_statement() -> Executable:
    return update(keys).where(narrowed(keys), keys.c.key == bindparam(_KEY)).values(payload=bindparam(_PAYLOAD))


def _removal() -> CTE:
    """Return a CTE that deletes expired keys, except the given one and those locked by other claims."""
    is_other = keys.c.key != bindparam(_KEY)
    expired = select(keys.c.key).where(narrowed(keys), keys.c.expires_at <= func.now(), is_other)
    some = expired.order_by(keys.c.expires_at).limit(_MOST_REMOVED).with_for_update(skip_locked=True)
    # An array, because PostgreSQL may run a subquery with LIMIT again for each row.
    return delete(keys).where(narrowed(keys), keys.c.key == any_(func.array(some.scalar_subquery()))).cte("removal")
