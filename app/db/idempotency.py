"""Idempotency keys: claimed by the first transaction that uses them, and kept for 24 hours with the outcome."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, any_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.db.declarations import narrowed
from app.db.tables import idempotency_keys as keys
from app.db.unit_of_work import LostRace, Session, WriteSession

_KEPT = text("now() + interval '24 hours'")
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
    values: dict[str, Any] = {"mutation": mutation, "fingerprint": fingerprint, "payload": {}, "expires_at": _KEPT}
    claiming = insert(keys).values({"company_id": session.company_id, "key": key, **values})
    # An expired key is overwritten, not removed: one statement can't write a row twice.
    claiming = claiming.on_conflict_do_update(
        index_elements=[keys.c.company_id, keys.c.key],
        set_={**values, "created_at": func.now()},
        where=keys.c.expires_at <= func.now(),
    )
    if await session.rows(claiming.add_cte(_removal(key)).returning(keys.c.key)):
        return None
    found = await find(session, key)
    if found is None:
        # The key expired and another transaction removed it in the meantime.
        raise LostRace
    return found


async def find(session: Session, key: str) -> Claimed | None:
    """Return what is stored under a key; None if the key is unknown or expired."""
    query = select(keys.c.fingerprint, keys.c.payload)
    found = await session.rows(query.where(narrowed(keys), keys.c.key == key, keys.c.expires_at > func.now()), {})
    return Claimed(*found[0]) if found else None


async def remember(session: WriteSession, key: str, payload: Any) -> None:
    """Store the outcome under a key that this transaction claimed."""
    await session.rows(update(keys).where(narrowed(keys), keys.c.key == key).values(payload=payload))


def _removal(key: str) -> CTE:
    """Return a CTE that deletes expired keys, except this one and those locked by other claims."""
    expired = select(keys.c.key).where(narrowed(keys), keys.c.expires_at <= func.now(), keys.c.key != key)
    some = expired.order_by(keys.c.expires_at).limit(_MOST_REMOVED).with_for_update(skip_locked=True)
    # An array, because PostgreSQL may run a subquery with LIMIT again for each row.
    return delete(keys).where(narrowed(keys), keys.c.key == any_(func.array(some.scalar_subquery()))).cte("removal")
