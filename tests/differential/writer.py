"""Writing the rows of a company as the owner, under ids that are the same in every run."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import ColumnElement, Date, DateTime, Table, Text, cast, insert, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from tests.differential import edge_cases
from tests.support.records import Records


def as_json(content: str) -> ColumnElement[Any]:
    """JSON text as a value of jsonb: what its numbers are spelled like is the server's doing."""
    return cast(literal(content, Text()), JSONB())


def as_day(content: str) -> ColumnElement[Any]:
    """A day that Python may not know."""
    return cast(literal(content, Text()), Date())


def as_moment(content: str) -> ColumnElement[Any]:
    """A moment that Python may not know."""
    return cast(literal(content, Text()), DateTime(timezone=True))


@dataclass(slots=True)
class Writer:
    """Writes the rows of one company."""

    records: Records
    _count: int = 0

    @classmethod
    async def of_company(cls, engine: AsyncEngine, name: str, **values: Any) -> "Writer":
        """A new company; its id is made of its name."""
        company_id = uuid5(NAMESPACE_OID, name)
        writer = cls(Records(engine, company_id))
        row = {"id": company_id, "name": name, "base_currency": "DKK"} | values
        async with engine.begin() as connection:
            await connection.execute(insert(tables.companies).values(row))
        return writer

    def next_id(self) -> UUID:
        """An id that no other row of the company has."""
        self._count += 1
        return uuid5(self.records.company_id, str(self._count))

    async def row(self, table: Table, **values: Any) -> None:
        """A row of a table that Records has no method for."""
        async with self.records.engine.begin() as connection:
            await connection.execute(insert(table).values({"company_id": self.records.company_id} | values))

    async def group(self, **values: Any) -> UUID:
        """A group with an account of its own."""
        account = await self.records.account(id=self.next_id(), name=values.get("name", "Sales"))
        return await self.records.group(**{"id": self.next_id(), "account_id": account} | values)

    async def customer(self, **values: Any) -> UUID:
        """A customer."""
        stamps = {"created_at": edge_cases.MOMENTS[0], "updated_at": edge_cases.MOMENTS[1]}
        return await self.records.customer(**{"id": self.next_id()} | stamps | values)

    async def contact(self, customer: UUID, **values: Any) -> UUID:
        """A contact."""
        return await self.records.contact(customer, **{"id": self.next_id()} | values)

    async def department(self, customer: UUID, **values: Any) -> UUID:
        """A department."""
        return await self.records.department(customer, **{"id": self.next_id()} | values)

    async def subscription(self, customer: UUID, **values: Any) -> UUID:
        """A subscription."""
        return await self.records.subscription(customer, **{"id": self.next_id()} | values)

    async def period(self, subscription: UUID, payer: UUID, **values: Any) -> None:
        """A period."""
        await self.records.period(subscription, payer, **{"id": self.next_id()} | values)

    async def change(self, subject: UUID, version: int, changes: str, **values: Any) -> None:
        """An entry of an object's history."""
        entry = {"operation": "UPDATED", "actor": "somebody", "occurred_at": edge_cases.MOMENTS[version % 4]} | values
        changed = as_json(changes)
        await self.row(tables.history, subject_id=subject, version=version, changes=changed, **entry)

    async def transition(self, customer: UUID, **values: Any) -> UUID:
        """A change of who pays."""
        transition_id = self.next_id()
        arrangements = {"arrangement_before": as_json("{}"), "arrangement_after": as_json('{"payer": null}')}
        row = {"effective_on": date(2026, 6, 15), "actor": "somebody"} | values
        await self.row(tables.billing_transitions, id=transition_id, customer_id=customer, **arrangements, **row)
        return transition_id

    async def document(self, customer: UUID, payer: UUID, **values: Any) -> UUID:
        """A credit note or an invoice, without lines."""
        document_id = self.next_id()
        row = {"kind": "INVOICE", "currency": "DKK", "total": 1, "issued_on": date(2026, 6, 15)} | values
        await self.row(tables.billing_documents, id=document_id, customer_id=customer, payer_customer_id=payer, **row)
        return document_id

    async def line(self, document: UUID, number: int, subscription: UUID, **values: Any) -> None:
        """A line of a document."""
        row = {"starts_on": date(2026, 6, 1), "ends_on": date(2026, 6, 16), "days": 15, "amount": Decimal("1.50")}
        place = {"document_id": document, "line_number": number, "subscription_id": subscription}
        await self.row(tables.billing_document_lines, **place, **{"description": "Days"} | row | values)
