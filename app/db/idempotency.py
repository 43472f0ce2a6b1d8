"""Idempotency keys: claimed by whoever comes first, kept for 24 hours with what was answered."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, text, update
from sqlalchemy.dialects.postgresql import insert

from app.db.declarations import narrowed
from app.db.tables import idempotency_keys as keys
from app.db.unit_of_work import LostRace, WriteSession

_KEPT = text("now() + interval '24 hours'")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is stored under a key that was claimed before."""

    fingerprint: bytes
    payload: Any


async def claim(session: WriteSession, key: str, mutation: str, fingerprint: bytes) -> Claimed | None:
    """Claim a key for this transaction, or return what it was claimed for; waits while another transaction is at it."""
    await session.rows(delete(keys).where(narrowed(keys), keys.c.key == key, keys.c.expires_at <= func.now()))
    values: dict[str, Any] = {
        "company_id": session.company_id,
        "key": key,
        "mutation": mutation,
        "fingerprint": fingerprint,
        "payload": {},
        "expires_at": _KEPT,
    }
    if await session.rows(insert(keys).values(values).on_conflict_do_nothing().returning(keys.c.key)):
        return None
    found = await session.rows(keys.select().where(narrowed(keys), keys.c.key == key))
    if not found:
        # It expired just now, and another transaction has removed it.
        raise LostRace
    return Claimed(found[0].fingerprint, found[0].payload)


async def remember(session: WriteSession, key: str, payload: Any) -> None:
    """Store the answer under a key that this transaction claimed."""
    await session.rows(update(keys).where(narrowed(keys), keys.c.key == key).values(payload=payload))
