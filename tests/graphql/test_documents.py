"""Customer.billingDocuments: what transitions have booked, down to the lines."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from tests.support.asking import Caller
from tests.support.records import Records, new_company

WHOLE = """
query($id: ID!) { customer(by: {id: $id}) { billingDocuments {
  id kind currency total issuedOn
  customer { id name } payer { id name }
  transition { id effectiveOn actor customer { id } documents { id } }
  lines { lineNumber description subscriptionId subscription { id name } periodStart periodEnd days amount }
} } }
"""
JUNE = date(2026, 6, 19)


class Documents:
    """Writes documents as a transition does."""

    def __init__(self, engine: AsyncEngine, company_id: UUID) -> None:
        self._engine = engine
        self._company_id = company_id

    async def transition(self, customer: UUID) -> UUID:
        row: dict[str, Any] = {"customer_id": customer, "effective_on": JUNE, "actor": "someone"}
        row |= {"arrangement_before": {}, "arrangement_after": {}}
        return await self._insert(tables.billing_transitions, row)

    async def document(self, customer: UUID, payer: UUID, **values: Any) -> UUID:
        defaults = {"kind": "CREDIT_NOTE", "currency": "DKK", "total": Decimal("120.00"), "issued_on": JUNE}
        row = {"customer_id": customer, "payer_customer_id": payer} | defaults | values
        return await self._insert(tables.billing_documents, row)

    async def line(self, document: UUID, subscription: UUID, number: int = 1, days: int = 12) -> None:
        row = {
            "company_id": self._company_id,
            "document_id": document,
            "line_number": number,
            "subscription_id": subscription,
            "description": f"Line {number}",
            "starts_on": JUNE,
            "ends_on": JUNE + timedelta(days=days),
            "days": days,
            "amount": Decimal("120.00"),
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(tables.billing_document_lines).values(row))

    async def _insert(self, table: Any, values: dict[str, Any]) -> UUID:
        row = {"company_id": self._company_id, "id": uuid4()} | values
        async with self._engine.begin() as connection:
            await connection.execute(insert(table).values(row))
        return row["id"]


@pytest.fixture
def documents(owner_engine: AsyncEngine, company: UUID) -> Documents:
    return Documents(owner_engine, company)


async def ids(caller: Caller, customer: UUID, arguments: str = "") -> list[str]:
    document = f"query($id: ID!) {{ customer(by: {{id: $id}}) {{ billingDocuments{arguments} {{ id }} }} }}"
    return [shown["id"] for shown in (await caller.data(document, id=str(customer)))["customer"]["billingDocuments"]]


async def test_a_document_is_shown_with_its_lines_and_all_that_it_is_about(
    caller: Caller, records: Records, documents: Documents
) -> None:
    payer, customer = await records.customer(name="Mother"), await records.customer(name="Child")
    subscription = await records.subscription(customer, name="Fiber")
    transition = await documents.transition(customer)
    document = await documents.document(customer, payer, transition_id=transition)
    await documents.line(document, subscription)

    found = await caller.data(WHOLE, id=str(customer))

    assert found["customer"]["billingDocuments"] == [
        {
            "id": str(document),
            "kind": "CREDIT_NOTE",
            "currency": "DKK",
            "total": "120.00",
            "issuedOn": "2026-06-19",
            "customer": {"id": str(customer), "name": "Child"},
            "payer": {"id": str(payer), "name": "Mother"},
            "transition": {
                "id": str(transition),
                "effectiveOn": "2026-06-19",
                "actor": "someone",
                "customer": {"id": str(customer)},
                "documents": [{"id": str(document)}],
            },
            "lines": [
                {
                    "lineNumber": 1,
                    "description": "Line 1",
                    "subscriptionId": str(subscription),
                    "subscription": {"id": str(subscription), "name": "Fiber"},
                    "periodStart": "2026-06-19",
                    "periodEnd": "2026-07-01",
                    "days": 12,
                    "amount": "120.00",
                }
            ],
        }
    ]


async def test_documents_come_newest_first_and_only_those_of_the_customer_itself(
    caller: Caller, records: Records, documents: Documents
) -> None:
    customer, other = await records.customer(), await records.customer()
    issued = [JUNE, JUNE - timedelta(days=2), JUNE + timedelta(days=1)]
    middle, oldest, newest = [await documents.document(customer, other, issued_on=day) for day in issued]
    same_day = await documents.document(customer, customer)
    await documents.document(other, customer)

    found = await ids(caller, customer)

    of_that_day = sorted([str(middle), str(same_day)], reverse=True)
    assert found == [str(newest), *of_that_day, str(oldest)]
    assert await ids(caller, customer, "(first: 1)") == [str(newest)]
    assert await ids(caller, customer, "(first: 0)") == []


async def test_a_transition_shows_the_documents_of_all_customers_that_it_moved(
    caller: Caller, records: Records, documents: Documents
) -> None:
    parent, child = await records.customer(), await records.customer()
    transition = await documents.transition(parent)
    made = [await documents.document(customer, parent, transition_id=transition) for customer in (parent, child)]
    await documents.document(child, parent, transition_id=await documents.transition(child))

    found = (await caller.data(WHOLE, id=str(parent)))["customer"]["billingDocuments"]

    shown = [document["id"] for document in found[0]["transition"]["documents"]]
    assert sorted(shown) == sorted(str(id_) for id_ in made)


async def test_lines_come_by_number_and_no_more_than_asked_for(
    caller: Caller, records: Records, documents: Documents
) -> None:
    customer = await records.customer()
    subscription = await records.subscription(customer)
    document = await documents.document(customer, customer, transition_id=None)
    for number in (10, 2, 1):
        await documents.line(document, subscription, number)

    found = await caller.data(
        "query($id: ID!) { customer(by: {id: $id}) { billingDocuments {"
        " transition { id } all: lines { lineNumber } some: lines(first: 2) { lineNumber } } } }",
        id=str(customer),
    )

    (shown,) = found["customer"]["billingDocuments"]
    assert shown["transition"] is None
    assert [line["lineNumber"] for line in shown["all"]] == [1, 2, 10]
    assert [line["lineNumber"] for line in shown["some"]] == [1, 2]


@pytest.mark.parametrize("first", [-1, 501])
@pytest.mark.parametrize("path", ["billingDocuments", "lines", "documents"])
async def test_more_rows_than_are_allowed_are_rejected(
    caller: Caller, records: Records, documents: Documents, path: str, first: int
) -> None:
    customer = await records.customer()
    await documents.document(customer, customer, transition_id=await documents.transition(customer))
    selection = {
        "billingDocuments": "billingDocuments(first: $first) { id }",
        "lines": "billingDocuments { lines(first: $first) { days } }",
        "documents": "billingDocuments { transition { documents(first: $first) { id } } }",
    }[path]

    rejection = await caller.rejection(
        f"query($id: ID!, $first: Int!) {{ customer(by: {{id: $id}}) {{ {selection} }} }}",
        id=str(customer),
        first=first,
    )

    assert rejection["code"] == "BAD_USER_INPUT"
    assert rejection["field"][-1] == path


async def test_the_number_of_statements_does_not_grow_with_the_customers_or_documents(
    caller: Caller, records: Records, documents: Documents
) -> None:
    payer = await records.customer(is_active=False)
    for _ in range(40):
        customer = await records.customer()
        subscription = await records.subscription(customer)
        for _ in range(2):
            made = await documents.document(customer, payer, transition_id=await documents.transition(customer))
            await documents.line(made, subscription)
    inner = WHOLE[WHOLE.index("billingDocuments") : WHOLE.rindex("} }")]
    document = f"query($first: Int) {{ customers(first: $first, where: {{isActive: true}}) {{ nodes {{ {inner} }} }} }}"

    spent: set[int] = set()
    for customers in (1, 10, 40):
        nodes = (await caller.data(document, first=customers))["customers"]["nodes"]
        assert sum(len(document["lines"]) for node in nodes for document in node["billingDocuments"]) == 2 * customers
        spent.add(caller.statements)

    assert len(spent) == 1, spent


async def test_documents_of_another_company_are_not_there(
    caller: Caller, owner_engine: AsyncEngine, documents: Documents, records: Records
) -> None:
    stranger_id = await new_company(owner_engine)
    foreign = await Records(owner_engine, stranger_id).customer()
    await Documents(owner_engine, stranger_id).document(foreign, foreign)
    customer = await records.customer()
    own = await documents.document(customer, customer)

    found = await caller.data("{ customers { nodes { billingDocuments { id } } } }")

    assert found["customers"]["nodes"] == [{"billingDocuments": [{"id": str(own)}]}]
