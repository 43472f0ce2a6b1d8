"""Write decisions about customers: rows, history, events and transitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db import booking, customer_writes
from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.customer_fields import FIELDS
from app.domain.events import EventType
from app.services.customers.deciding import Decision
from app.services.lists.writing import write_rows
from app.services.recording import Recording

_RECORDING = Recording(
    tuple(FIELDS), EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED, identity="customer_number"
)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    customers: dict[UUID, CustomerRow]
    """Customers after the write, by id; only those that were written."""
    transition_ids: tuple[UUID, ...]
    """Ids of the recorded transitions, in the order of the decisions."""


async def write(session: WriteSession, decisions: Sequence[Decision], actor: str) -> Written:
    """Write and record accepted decisions. The number of statements doesn't depend on their number."""
    stored = await write_rows(session, decisions, actor, customer_writes.write_customers, _RECORDING)
    transitions = [decision.transition for decision in decisions if decision.writes and decision.transition is not None]
    transition_ids = await booking.book_all(session, transitions, actor)
    return Written(stored, tuple(id_ for id_ in transition_ids if id_ is not None))
