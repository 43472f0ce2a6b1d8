"""Two companies with equal keys and numbers, and a way to turn one layer of their isolation off."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.support.records import Records, new_company


@dataclass(frozen=True, slots=True)
class Company:
    """One of the two companies, and the texts that identify it in an answer."""

    id: UUID
    account: UUID
    group: UUID
    parent: UUID
    child: UUID
    traces: tuple[str, ...]
    """Ids, and words that only its rows hold."""


async def made(engine: AsyncEngine, word: str) -> Company:
    """Insert a company that differs from others only in its ids and this word."""
    company_id = await new_company(engine, name=f"Company {word}")
    records = Records(engine, company_id)
    account = await records.account(number="1010", name=f"Sales {word}")
    shared: dict[str, Any] = {"metadata": {"segment": "gold"}, "city": word, "notes": word}
    group = await records.group(number="1", name="Domestic", account_id=account, metadata={"region": "north"})
    shared["customer_group_id"] = group
    parent = await records.customer(customer_number="1", name="Fjord", external_system_id="crm:1", **shared)
    child = await records.customer(
        customer_number="2", name="Fjord child", external_system_id="crm:2", parent_customer_id=parent, **shared
    )
    others = [
        made
        for customer in (parent, child)
        for made in (
            await records.contact(customer, name="Freja", phone=word),
            await records.department(customer, name="Depot", address=word),
            await records.subscription(customer, name=f"Premium {word}"),
        )
    ]
    ids = (company_id, account, group, parent, child, *others)
    return Company(company_id, account, group, parent, child, (word, *(str(id_) for id_ in ids)))


@dataclass(frozen=True, slots=True)
class Companies:
    """The company that calls, and the one that it must not see."""

    own: Company
    other: Company


@contextmanager
def without_narrowing(database: Database) -> Generator[list[str]]:
    """Remove the company's condition from every statement that is sent to the server; yield the statements."""
    changed: list[str] = []

    def widen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        wide = re.sub(r"\b(\w+\.company_id|companies\.id) = (\$\d+::UUID)", r"\2 IS NOT NULL", statement)
        if wide != statement:
            changed.append(wide)
        return wide, parameters

    event.listen(database.engine.sync_engine, "before_cursor_execute", widen, retval=True)
    try:
        yield changed
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", widen)
