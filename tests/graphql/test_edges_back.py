"""The edges from contacts, departments and subscriptions back to their customer, and what histories of members show."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.db.database import Database
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.records import Records, new_company

LISTS = ("contacts", "departments", "subscriptions")
NODE = """
query($id: ID!) {
  node(id: $id) {
    ... on Contact { customer { id } history { totalCount } }
    ... on Department { customer { id } history { totalCount } }
    ... on CustomerSubscription { customer { id } }
  }
}
"""
BACK = (
    "query($first: Int) { customers(first: $first, where: {isActive: true}) { nodes { %s { id customer { name } } } } }"
)
CREATE = "mutation($input: Create%sInput!) { create%s(input: $input) { %s { id version } errors { code } } }"
LIFE = """
mutation($id: ID!, $name: String) {
  updateContact(input: {id: $id, name: $name}) {
    contact {
      customer { id name }
      history { totalCount nodes { version operation actor changes { field before after } } }
    }
    errors { code }
  }
}
"""


async def member_of(records: Records, customer: UUID, kind: str) -> UUID:
    return await getattr(records, kind.removesuffix("s"))(customer)


@pytest.mark.parametrize("kind", LISTS)
async def test_a_customer_s_own_leads_back_to_it(caller: Caller, records: Records, kind: str) -> None:
    customer, other = await records.customer(), await records.customer()
    ids = [await member_of(records, owner, kind) for owner in (customer, other)]

    found = [(await caller.data(NODE, id=str(id_)))["node"]["customer"]["id"] for id_ in ids]

    assert found == [str(customer), str(other)]


@pytest.mark.parametrize("kind", LISTS)
async def test_the_way_back_is_one_statement_for_all_customers(caller: Caller, records: Records, kind: str) -> None:
    for place in range(40):
        customer = await records.customer(name=f"Customer {place}")
        await member_of(records, customer, kind)
        await member_of(records, customer, kind)

    assert {size: await cost(caller, BACK % kind, first=size) for size in (1, 10, 40)} == {1: 3, 10: 3, 40: 3}
    nodes = (await caller.data(BACK % kind, first=40))["customers"]["nodes"]
    names = [{member["customer"]["name"] for member in node[kind]} for node in nodes]
    assert all(len(found) == 1 for found in names)
    assert len(set[str]().union(*names)) == 40


@pytest.mark.parametrize("kind", LISTS)
async def test_another_company_finds_neither_a_member_nor_the_way_back(
    caller: Caller, records: Records, database: Database, kind: str
) -> None:
    member = await member_of(records, await records.customer(), kind)
    other_company = Caller(database, await new_company(records.engine))

    assert await other_company.data(NODE, id=str(member)) == {"node": None}
    assert (await caller.data(NODE, id=str(member)))["node"] is not None


async def test_the_history_of_a_contact_is_shown_with_the_write_that_made_it(caller: Caller, records: Records) -> None:
    customer = await records.customer(name="Fjord")
    given = {"customerId": str(customer), "name": "Ann", "email": "ann@example.com"}
    made = (await caller.data(CREATE % (*["Contact"] * 2, "contact"), input=given))["createContact"]["contact"]

    payload = (await caller.sent(LIFE, id=made["id"], name="Bo"))["updateContact"]

    assert payload["contact"]["customer"] == {"id": str(customer), "name": "Fjord"}
    assert payload["contact"]["history"] == {
        "totalCount": 2,
        "nodes": [
            {
                "version": 2,
                "operation": "UPDATED",
                "actor": "tester",
                "changes": [{"field": "name", "before": "Ann", "after": "Bo"}],
            },
            {
                "version": 1,
                "operation": "CREATED",
                "actor": "tester",
                "changes": [
                    {"field": "customerId", "before": None, "after": str(customer)},
                    {"field": "email", "before": None, "after": "ann@example.com"},
                    {"field": "isDefaultForCustomer", "before": None, "after": False},
                    {"field": "name", "before": None, "after": "Ann"},
                ],
            },
        ],
    }


async def test_a_removed_contact_still_shows_who_removed_it(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    contact = await records.contact(customer, name="Gone")
    document = """
    mutation($id: ID!) {
      deleteContact(input: {id: $id, idempotencyKey: "key"}) {
        contact { customer { id } history { nodes { version operation actor } } } errors { code }
      }
    }
    """
    shown = {
        "customer": {"id": str(customer)},
        "history": {"nodes": [{"version": 2, "operation": "DELETED", "actor": "tester"}]},
    }
    for _ in range(2):
        answer: dict[str, Any] = (await caller.data(document, id=str(contact)))["deleteContact"]
        assert answer == {"contact": shown, "errors": []}


async def test_an_answer_that_an_earlier_release_stored_leads_to_the_customer_too(
    caller: Caller, records: Records
) -> None:
    customer = await records.customer()
    document = CREATE.replace("version }", "version customer { id } }") % (*["Contact"] * 2, "contact")
    given = {"customerId": str(customer), "name": "Ann", "idempotencyKey": "key"}
    first = await caller.data(document, input=given)
    # Rows of contacts had no customer.
    forget = text(
        "UPDATE idempotency_keys SET payload = payload #- '{outcome,row,customer_id}' WHERE company_id = :company RETURNING payload"
    )
    async with records.engine.begin() as connection:
        payload = (await connection.execute(forget, {"company": records.company_id})).scalar_one()
    assert set(payload["outcome"]["row"]) >= {"name", "version"}

    assert await caller.data(document, input=given) == first
    assert first["createContact"]["contact"]["customer"] == {"id": str(customer)}


async def test_an_unknown_id_leads_nowhere(caller: Caller) -> None:
    assert await caller.data(NODE, id=str(uuid4())) == {"node": None}
