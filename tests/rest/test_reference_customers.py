"""What the reference says of a customer's fields, wherever a customer is answered, and of reading one."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from tests.rest.examples import UNSET, Example, example
from tests.rest.reference import CUSTOMER
from tests.support.records import Records, new_company
from tests.support.rest import CUSTOMERS, RestCaller, RestService, exactly, problem_of

WAYS = ("GET /v1/customers", "GET /v1/customers/{customerId}", "PATCH /v1/customers/{customerId}")
"""The endpoints that answer whole customers."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def written(owner_engine: AsyncEngine) -> Example:
    return await example(owner_engine)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def answers(production: RestService, written: Example) -> Mapping[str, list[dict[str, Any]]]:
    """The parent and the child as each endpoint answers them; an update without a field changes nothing."""
    rest, ids = production.caller(written.company, *Scope), (written.parent["id"], written.child["id"])
    return {
        WAYS[0]: await rest.get(CUSTOMERS),
        WAYS[1]: [await rest.get(f"{CUSTOMERS}/{id_}") for id_ in ids],
        WAYS[2]: [await rest.patch(id_) for id_ in ids],
    }


@pytest.mark.parametrize("field", CUSTOMER)
@pytest.mark.parametrize("way", WAYS)
def test_a_customer_is_answered_with_each_field_as_it_is_stored(
    written: Example, answers: Mapping[str, list[dict[str, Any]]], way: str, field: str
) -> None:
    shown = [customer[field] for customer in answers[way]]
    assert shown == [written.parent[field], written.child[field]]
    assert exactly(shown) == exactly([written.parent[field], written.child[field]])


@pytest.mark.parametrize("way", WAYS)
def test_a_customer_has_the_fields_of_the_reference_in_their_order(
    answers: Mapping[str, list[dict[str, Any]]], way: str
) -> None:
    assert [tuple(customer) for customer in answers[way]] == [CUSTOMER] * 2


@pytest.mark.parametrize("field", UNSET)
@pytest.mark.parametrize("way", WAYS)
def test_a_field_without_a_value_is_null(answers: Mapping[str, list[dict[str, Any]]], way: str, field: str) -> None:
    assert answers[way][1][field] is None


async def test_notes_are_written_and_never_answered(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()

    answered = await rest.patch(customer, notes="Call before noon.")

    everything = [answered, await rest.get(f"{CUSTOMERS}/{customer}"), *await rest.get(CUSTOMERS)]
    assert [shown for shown in everything if "notes" in shown or "noon" in str(shown)] == []
    stored = await rest.graphql("query($id: ID!) { customer(by: {id: $id}) { notes } }", id=str(customer))
    assert stored == {"customer": {"notes": "Call before noon."}}


async def test_a_customer_is_read_by_its_id(rest: RestCaller, records: Records) -> None:
    ids = [await records.customer(name=name) for name in ("Fjord", "Havn")]

    assert [(await rest.get(f"{CUSTOMERS}/{id_}"))["name"] for id_ in ids] == ["Fjord", "Havn"]


async def test_an_unknown_and_a_foreign_customer_are_answered_with_404(
    rest: RestCaller, owner_engine: AsyncEngine
) -> None:
    foreign = await Records(owner_engine, await new_company(owner_engine)).customer()
    said: list[Any] = []
    for id_ in (foreign, uuid4()):
        problem = problem_of(await rest.send("GET", f"{CUSTOMERS}/{id_}"))
        assert (problem.status, problem.code) == (404, "CUSTOMER_NOT_FOUND")
        said.append((problem.message.replace(str(id_), "…"), problem.details))
    # Nothing tells that the foreign one is there.
    assert said[0] == said[1]


async def test_child_details_may_be_chosen_for_any_customer(rest: RestCaller, records: Records) -> None:
    parent = await records.customer(consolidation_mode="PER_CHILD_INVOICE")
    child = await records.customer(parent_customer_id=parent)

    for customer in (parent, child):
        assert (await rest.patch(customer, includeChildDetailsPdf=True))["includeChildDetailsPdf"] is True


async def test_a_country_is_two_letters_of_the_standard(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()

    assert (await rest.patch(customer, countryCode="gl"))["countryCode"] == "GL"
    for wrong in ("XX", "DNK", "Denmark"):
        problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", {"countryCode": wrong})
        assert (problem.status, problem.properties) == (400, {"countryCode": ["FIELD_INVALID"]})


async def test_an_opening_balance_may_be_positive_or_negative(rest: RestCaller, records: Records) -> None:
    group = await records.group()
    for balance in (100.25, -100.25):
        body = {"name": "X", "vatZone": "eu", "customerGroupId": str(group), "countryCode": "DK"}
        made = await rest.post(CUSTOMERS, {**body, "defaultCurrency": "DKK", "openingBalance": balance})
        shown = await rest.get(f"{CUSTOMERS}/{made['id']}")
        assert str(shown["openingBalance"]) == str(balance)
        changed = await rest.patch(made["id"], openingBalance=-balance)
        assert str(changed["openingBalance"]) == str(-balance)


async def test_metadata_is_a_map_of_texts_numbers_and_booleans(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()
    entries = {"text": "gold", "empty": "", "whole": 7, "decimal": 1.25, "yes": True, "no": False}

    assert (await rest.patch(customer, metadata=entries))["metadata"] == entries
    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", {"metadata": {"list": [1]}})
    assert (problem.status, problem.properties) == (400, {"metadata.list": ["METADATA_VALUE_INVALID"]})


async def test_a_billing_day_is_from_1_to_28(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()
    for day in (1, 28):
        assert (await rest.patch(customer, billingDay=day))["billingDay"] == day
    for day in (0, 29, 1.5):
        problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", {"billingDay": day})
        assert (problem.status, problem.properties) == (400, {"billingDay": ["FIELD_INVALID"]})


async def test_a_single_invoice_requires_a_billing_day(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()

    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", {"consolidationMode": "single_invoice"})
    assert (problem.status, problem.code) == (422, "BILLING_DAY_REQUIRED")
    changed = await rest.patch(customer, consolidationMode="single_invoice", billingDay=15)
    assert (changed["consolidationMode"], changed["billingDay"]) == ("single_invoice", 15)


async def test_the_template_of_the_invoice_is_chosen_and_cleared(rest: RestCaller, records: Records) -> None:
    customer, template = await records.customer(), str(uuid4())

    for value in (template, None):
        changed = await rest.patch(customer, parentInvoiceTemplateId=value)
        assert changed["parentInvoiceTemplateId"] == value


async def test_settings_of_a_consolidated_invoice_are_for_parents(rest: RestCaller, records: Records) -> None:
    child = await records.customer(parent_customer_id=await records.customer())

    settings: list[dict[str, Any]] = [
        {"consolidationMode": "per_child_invoice"},
        {"billingDay": 15},
        {"parentInvoiceTemplateId": str(uuid4())},
    ]
    for given in settings:
        problem = await rest.error("PATCH", f"{CUSTOMERS}/{child}", given)
        assert (problem.status, problem.code) == (422, "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD")
