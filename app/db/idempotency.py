"""Idempotency keys: claimed by whoever comes first, kept for 24 hours with what was answered."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, any_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.db.declarations import narrowed
from app.db.tables import idempotency_keys as keys
from app.db.unit_of_work import LostRace, Session, WriteSession

_KEPT = text("now() + interval '24 hours'")
_MOST_REMOVED = 20
"""Number of expired keys that one claim removes: more than it adds, so that they never pile up."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is stored under a key that was claimed before."""

    mutation: str
    fingerprint: bytes
    payload: Any


async def claim(session: WriteSession, key: str, mutation: str, fingerprint: bytes) -> Claimed | None:
    """Claim a key for this transaction, or return what it was claimed for; waits while another transaction is at it.

    The same statement removes some keys of the company that have expired.
    """
    values: dict[str, Any] = {"mutation": mutation, "fingerprint": fingerprint, "payload": {}, "expires_at": _KEPT}
    claiming = insert(keys).values({"company_id": session.company_id, "key": key, **values})
    # An expired key is taken over where it is, and so not removed: a row can't be written twice in one statement.
    claiming = claiming.on_conflict_do_update(
        index_elements=[keys.c.company_id, keys.c.key],
        set_={**values, "created_at": func.now()},
        where=keys.c.expires_at <= func.now(),
    )
    if await session.rows(claiming.add_cte(_removal(key)).returning(keys.c.key)):
        return None
    found = await find(session, key)
    if found is None:
        # It expired just now, and another transaction has removed it.
        raise LostRace
    return found


async def find(session: Session, key: str) -> Claimed | None:
    """Return what is stored under a key; None if nothing is, or no longer."""
    query = select(keys.c.mutation, keys.c.fingerprint, keys.c.payload)
    found = await session.rows(query.where(narrowed(keys), keys.c.key == key, keys.c.expires_at > func.now()), {})
    return Claimed(*found[0]) if found else None


async def remember(session: WriteSession, key: str, payload: Any) -> None:
    """Store the answer under a key that this transaction claimed."""
    await session.rows(update(keys).where(narrowed(keys), keys.c.key == key).values(payload=payload))


def _removal(key: str) -> CTE:
    """Expired keys but this one, except those that another claim is at."""
    expired = select(keys.c.key).where(narrowed(keys), keys.c.expires_at <= func.now(), keys.c.key != key)
    some = expired.order_by(keys.c.expires_at).limit(_MOST_REMOVED).with_for_update(skip_locked=True)
    # An array, because PostgreSQL may run a subquery with a limit once per row.
    return delete(keys).where(narrowed(keys), keys.c.key == any_(func.array(some.scalar_subquery()))).cte("removal")
