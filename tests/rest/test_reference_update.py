"""What the reference says of updating a customer, without transitions."""

from typing import Any

import pytest

from tests.rest.reference import CHANGED, CUSTOMER
from tests.rest.writing import ALWAYS_SET, CLEARABLE, SENT, SHOWN, TEXTS, settled
from tests.support.records import Records
from tests.support.rest import CUSTOMERS, RestCaller

NOTES = "query($id: ID!) { customer(by: {id: $id}) { notes } }"
FILLED: dict[str, Any] = {
    "email": "a@b.example",
    "phone": "1",
    "address": "Vej 1",
    "city": "Svaneke",
    "postal_code": "3740",
    "vat_number": "DK1",
    "website": "https://b.example",
    "external_system_id": "crm:1",
    "notes": "Some",
    "credit_limit": 1,
    "opening_balance": 1,
    "payment_terms": 8,
    "payment_term_type": "END_OF_MONTH",
    "consolidation_mode": "PER_CHILD_INVOICE",
    "billing_day": 3,
    "parent_invoice_template_id": "0190a000-0000-7000-8000-0000000000bb",
    "metadata": {"before": 1},
}
"""A value of each field that can be cleared, other than those of the examples."""


async def whole(rest: RestCaller, customer: object) -> dict[str, Any]:
    """Return a customer with its notes."""
    noted = await rest.graphql(NOTES, id=str(customer))
    return {**await rest.get(f"{CUSTOMERS}/{customer}"), **noted["customer"]}


@pytest.mark.parametrize("field", SENT)
async def test_an_update_changes_the_field_that_was_sent_and_no_other(
    rest: RestCaller, records: Records, field: str
) -> None:
    parent = {"parent_customer_id": await records.customer()} if field == "billingRelationship" else {}
    kept = {} if field != "billingRelationship" else dict.fromkeys(["consolidation_mode", "billing_day"])
    unset = {} if field != "billingRelationship" else {"parent_invoice_template_id": None}
    customer = await records.customer(**{**FILLED, **kept, **unset, **parent})
    before = await whole(rest, customer)

    await rest.patch(customer, **{**settled(field), field: SENT[field]})

    assert await whole(rest, customer) == {**before, **settled(field), field: SHOWN[field]}
    assert before[field] != SHOWN[field]


def test_the_examples_have_every_field_that_the_reference_updates() -> None:
    assert {*SENT, "customerGroupId", "parentCustomerId", "subscriptionTransitions"} == CHANGED
    assert {*CLEARABLE, *ALWAYS_SET, "parentCustomerId", "subscriptionTransitions"} == CHANGED


async def test_an_update_answers_the_whole_customer(rest: RestCaller, records: Records) -> None:
    customer = await records.customer(**FILLED)

    answered = await rest.patch(customer, name="Renamed")

    assert tuple(answered) == CUSTOMER
    assert answered["name"] == "Renamed"
    assert answered == await rest.get(f"{CUSTOMERS}/{customer}")


@pytest.mark.parametrize("field", CLEARABLE)
async def test_null_clears_a_field_that_can_be_cleared(rest: RestCaller, records: Records, field: str) -> None:
    customer = await records.customer(**FILLED)
    before = await whole(rest, customer)
    assert before[field] is not None

    await rest.patch(customer, **{field: None})

    assert await whole(rest, customer) == {**before, field: None}


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize("field", TEXTS)
async def test_an_empty_text_clears_a_text(rest: RestCaller, records: Records, field: str, value: str) -> None:
    customer = await records.customer(**FILLED)

    await rest.patch(customer, **{field: value})

    assert (await whole(rest, customer))[field] is None


@pytest.mark.parametrize("field", ALWAYS_SET)
async def test_null_is_rejected_for_a_field_that_always_has_a_value(
    rest: RestCaller, records: Records, field: str
) -> None:
    customer = await records.customer(**FILLED)
    before = await whole(rest, customer)

    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", {field: None, "name": "Renamed"} | {field: None})

    assert (problem.status, problem.code) == (400, "SHARED_VALIDATION_FAILED")
    assert problem.properties == {field: ["FIELD_NOT_CLEARABLE"]}
    assert await whole(rest, customer) == before


async def test_metadata_is_replaced_as_a_whole_and_kept_if_left_out(rest: RestCaller, records: Records) -> None:
    customer = await records.customer(metadata={"a": 1, "b": 2})

    assert (await rest.patch(customer, name="Renamed"))["metadata"] == {"a": 1, "b": 2}
    assert (await rest.patch(customer, metadata={"b": 3}))["metadata"] == {"b": 3}
    assert (await rest.patch(customer, metadata={}))["metadata"] == {}
