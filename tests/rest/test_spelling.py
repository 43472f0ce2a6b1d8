"""The spelling of REST: that of the reference, for values that the schema has."""

from decimal import Decimal

from graphql import GraphQLEnumType

from app.graphql.schema import executable, schema
from app.rest.spelling import REST
from tests.rest.calling import Calls
from tests.support.records import Records


def test_the_enumerations_of_the_reference_are_in_lower_case() -> None:
    assert REST.enumerations == {
        "BillingRelationship": {"SELF": "self", "PARENT_PAYS": "parent_pays"},
        "ConsolidationMode": {"SINGLE_INVOICE": "single_invoice", "PER_CHILD_INVOICE": "per_child_invoice"},
        "VatZone": {
            "DOMESTIC": "domestic",
            "EU": "eu",
            "ABROAD": "abroad",
            "DOMESTIC_WITHOUT_VAT": "domestic_without_vat",
        },
    }
    assert REST.decimals_as_numbers


def test_each_value_is_one_of_the_schema() -> None:
    for name, texts in REST.enumerations.items():
        kind = executable(schema).type_map[name]
        assert isinstance(kind, GraphQLEnumType)
        assert [*kind.values] == [*texts]


async def test_each_endpoint_answers_in_it_by_plans_and_after_writes(calls: Calls, records: Records) -> None:
    parent = await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=1)
    customer = await records.customer(
        parent_customer_id=parent,
        billing_relationship="PARENT_PAYS",
        vat_zone="DOMESTIC_WITHOUT_VAT",
        payment_term_type="END_OF_MONTH",
        credit_limit=Decimal("12.50"),
        opening_balance=Decimal("-0.10"),
        metadata={"vatZone": "EU", "creditLimit": "12.50"},
    )
    path = f"/v1/customers/{customer}"

    read = (await calls.get(path)).text
    written = (await calls.patch(path, json={"name": "SELF"})).text
    listed = (await calls.get("/v1/customers?limit=2")).text

    for text in (read, written, listed):
        assert '"billingRelationship":"parent_pays"' in text
        assert '"vatZone":"domestic_without_vat"' in text
        assert '"customerType":"BUSINESS"' in text
        assert '"paymentTermType":"END_OF_MONTH"' in text
        assert '"creditLimit":12.50,"openingBalance":-0.10,' in text
        assert '"metadata":{"vatZone": "EU", "creditLimit": "12.50"}' in text
    assert written == read.replace('"name":"Customer"', '"name":"SELF"', 1)
    assert '"consolidationMode":"single_invoice"' in listed
    assert '"creditLimit":null,"openingBalance":null,' in listed


async def test_groups_have_discounts_as_numbers(calls: Calls, records: Records) -> None:
    await records.group(discount=Decimal("12.5"))

    assert '"discount":12.5' in (await calls.get("/v1/customer-groups?limit=1")).text
