"""Booking transitions of one company, and looking at what they leave behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import booking, tables
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.billing import Arrangement, Subscription
from app.domain.customers import ConsolidationMode
from app.domain.cutting import cuts
from app.domain.moving import moves
from app.domain.transition import Transition

CUT = date(2026, 6, 19)


@dataclass(slots=True)
class Books:
    """Books transitions of one company, and shows what is stored."""

    unit_of_work: UnitOfWork
    engine: AsyncEngine

    async def subscriptions(self, *customers: UUID) -> list[Subscription]:
        async def read(session: WriteSession) -> list[Subscription]:
            return await booking.subscriptions_for_billing(session, customers, lock=True)

        return await self.unit_of_work.run(read)

    async def move(
        self, customers: Sequence[UUID], before: UUID, after: UUID, on: date = CUT, *, billing_day: int | None = None
    ) -> UUID:
        """Let someone else pay for customers, on one invoice where there is a billing day."""
        mode = ConsolidationMode.PER_CHILD_INVOICE if billing_day is None else ConsolidationMode.SINGLE_INVOICE
        old = Arrangement(before, ConsolidationMode.PER_CHILD_INVOICE, None)
        new = Arrangement(after, mode, billing_day)

        async def work(session: WriteSession) -> UUID:
            found = await booking.subscriptions_for_billing(session, customers, lock=True)
            made = tuple(cuts(found, old, new, on))
            moved = tuple(moves(found, old, new))
            transition = Transition(customers[0], on, old, new, made, dict.fromkeys(customers, new), moved, ())
            (transition_id,) = await booking.book_all(session, [transition], "someone")
            assert transition_id is not None
            return transition_id

        return await self.unit_of_work.run(work)

    async def rows(self, table: Table, *order: str) -> list[Any]:
        query = select(table).where(table.c.company_id == self.unit_of_work.company_id)
        async with self.engine.connect() as connection:
            return list((await connection.execute(query.order_by(*(table.c[name] for name in order)))).all())

    async def periods(self) -> list[Any]:
        return await self.rows(tables.subscription_periods, "subscription_id", "sequence")
