"""Two companies with the same rows under the same ids, and what a write has left in one of them."""

import json
import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

NAMES = ("group", "gold", "account", "customer", "parent", "payer", "child", "subscription", "ended")
IDS = {name: uuid5(NAMESPACE_OID, f"twin {name}") for name in NAMES}
"""The ids of the rows that both have."""
_PASSING = {"company_id", "created_at", "updated_at", "occurred_at", "position"}
"""Columns that differ between equal writes, and `sequence` of events."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COMPARED = (
    *("customers", "customer_metadata", "customer_words", "subscriptions", "subscription_periods"),
    *("billing_transitions", "billing_documents", "billing_document_lines", "history", "outbox_events"),
)


@dataclass(frozen=True, slots=True)
class Twin:
    """One of the two."""

    id: UUID

    async def written(self, engine: AsyncEngine) -> dict[str, list[str]]:
        """Return all rows that customers are made of, without what differs between equal writes: times and new ids."""
        rows = await everything_of(engine, self.id)
        return {table: sorted(map(_plain, rows[table])) for table in _COMPARED}


async def twin(engine: AsyncEngine) -> Twin:
    """Write a company: customers of every position in a family, with subscriptions that run and that have ended."""
    records = Records(engine, await new_company(engine, time_zone="Europe/Copenhagen"))
    await records.account(id=IDS["account"])
    for number, name in enumerate(("group", "gold"), 1):
        await records.group(id=IDS[name], number=str(number), name=name, account_id=IDS["account"])

    async def customer(name: str, **values: Any) -> None:
        given = {"customer_number": str(IDS[name].int % 10**6), "customer_group_id": IDS["group"], **values}
        await records.customer(id=IDS[name], name=name, **given)

    await customer("customer", metadata={"segment": "gold"}, external_system_id="crm:1", credit_limit=5)
    await customer("parent", consolidation_mode="SINGLE_INVOICE", billing_day=15, customer_number="7")
    await customer("payer", external_system_id="crm:taken")
    await customer("child", parent_customer_id=IDS["payer"], billing_relationship="PARENT_PAYS")
    await records.subscription(IDS["customer"], id=IDS["subscription"])
    await records.period(IDS["subscription"], IDS["customer"], id=uuid5(NAMESPACE_OID, "period"), billed_amount=300)
    await records.subscription(IDS["customer"], id=IDS["ended"], status="EXPIRED")
    return Twin(records.company_id)


def _plain(row: str) -> str:
    columns = json.loads(row)
    passing = _PASSING | ({"sequence"} if "subject_id" in columns else set[str]())
    kept = {str(id_) for id_ in IDS.values()}
    text = json.dumps({name: value for name, value in columns.items() if name not in passing})
    return _ID.sub(lambda found: found[0] if found[0] in kept else "<new>", text)
