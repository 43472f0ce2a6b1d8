"""Requests over HTTP that are rejected for what they say: every problem at once, and nothing is written."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rest.calling import Calls, error_of
from tests.support.records import Records
from tests.support.rest import next_page
from tests.support.untouched import everything_of

CUSTOMERS = "/v1/customers"
GROUPS = "/v1/customer-groups"
UNKNOWN = "0197f3c2-0000-7000-8000-000000000000"
JSON = {"content-type": "application/json"}
NOTED = "query($id: ID!) { customer(by: { id: $id }) { notes } }"


@pytest_asyncio.fixture(loop_scope="session")
async def new(records: Records) -> dict[str, Any]:
    """The body that creates a customer."""
    return {
        "name": "Nordlys",
        "vatZone": "domestic_without_vat",
        "customerGroupId": str(await records.group()),
        "countryCode": "DK",
        "defaultCurrency": "DKK",
    }


def invalid(response: Response) -> dict[str, dict[str, str]]:
    """The constraints that a request breaks, by property."""
    details = error_of(response, 400, "SHARED_VALIDATION_FAILED")["details"]
    assert list(details) == ["validationErrors"]
    return {entry["property"]: entry["constraints"] for entry in details["validationErrors"]}


async def test_every_problem_of_a_query_is_told(calls: Calls) -> None:
    found = invalid(await calls.get(f"{CUSTOMERS}?limit=0&page=2&customerNumber=&metadata[]=x&after=a&after=b"))

    assert {name: [*codes] for name, codes in found.items()} == {
        "page": ["FIELD_UNKNOWN"],
        "limit": ["FIELD_INVALID"],
        "customerNumber": ["FIELD_INVALID"],
        "metadata[]": ["FIELD_INVALID"],
        "after": ["FIELD_CONFLICT"],
    }


@pytest.mark.parametrize("after", ["", "x", "%00", "é", "a" * 5_000, "eyJ2IjoxfQ"])
async def test_a_cursor_of_no_list_is_a_problem_of_its_parameter(calls: Calls, records: Records, after: str) -> None:
    customer = await records.customer()
    paths = [CUSTOMERS, GROUPS, f"{CUSTOMERS}/{customer}/contacts", f"{CUSTOMERS}/{customer}/departments"]
    for path in paths:
        found = invalid(await calls.get(f"{path}?limit=1&after={after}"))

        assert {name: [*codes] for name, codes in found.items()} == {"after": ["INVALID_CURSOR"]}
        assert found["after"]["INVALID_CURSOR"].startswith('The parameter "after" is not a cursor of this list')


async def test_a_cursor_of_another_filter_is_a_problem_of_its_parameter(calls: Calls, records: Records) -> None:
    for _ in range(2):
        await records.customer(metadata={"tier": "gold"})
    first = await calls.get(f"{CUSTOMERS}?limit=1&metadata[tier]=gold")
    following = next_page(first)
    assert following is not None

    assert (await calls.get(following)).status_code == 200
    assert invalid(await calls.get(following.replace("gold", "silver"))).keys() == {"after"}


@pytest.mark.parametrize("query", ["x=1", "%ff=1", "&".join(["x=1"] * 51)])
async def test_a_problem_of_the_query_hides_neither_the_id_nor_problems_of_the_body(
    calls: Calls, records: Records, query: str
) -> None:
    path = f"{CUSTOMERS}/{await records.customer()}?{query}"
    assert len(invalid(await calls.patch(path, json={"phone": "9"}))) == 1
    assert "email" in invalid(await calls.patch(path, json={"email": "9"}))


@pytest.mark.parametrize("path", [f"{CUSTOMERS}/{UNKNOWN}", f"{CUSTOMERS}/{UNKNOWN}/contacts", GROUPS])
async def test_endpoints_reject_parameters_of_others(calls: Calls, path: str) -> None:
    found = invalid(await calls.get(f"{path}?customerNumber=1"))

    assert found.keys() == {"customerNumber"}


@pytest.mark.parametrize("value", ["7", "%00", "%FF", "%20", "%F0%9F%91%A9", f"{UNKNOWN}x", "null", "x" * 5_000])
async def test_a_path_that_can_name_no_customer_is_that_of_an_unknown_one(calls: Calls, value: str) -> None:
    for path in (f"{CUSTOMERS}/{value}", f"{CUSTOMERS}/{value}/contacts", f"{CUSTOMERS}/{value}/departments"):
        answer = await calls.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "CUSTOMER_NOT_FOUND")


async def test_filters_find_what_carries_every_pair(calls: Calls, records: Records) -> None:
    key = "a.b][=&+ æ👩"
    both = await records.customer(metadata={key: "", "count": 5, "is": True})
    await records.customer(metadata={key: "x", "count": 5, "is": True})

    async def found(*pairs: tuple[str, str], **more: str) -> list[str]:
        query = urlencode([*[(f"metadata[{name}]", value) for name, value in pairs], *more.items()])
        answer = await calls.get(f"{CUSTOMERS}?{query}")
        assert answer.status_code == 200, answer.text
        return [customer["id"] for customer in answer.json()]

    assert await found((key, ""), ("count", "5"), ("is", "true")) == [str(both)]
    assert len(await found(("count", "5"))) == 2
    assert await found(("count", "5"), ("count", "6")) == []
    assert await found(("count", "5.0")) == []
    number = (await calls.get(f"{CUSTOMERS}/{both}")).json()["customerNumber"]
    assert await found((key, ""), customerNumber=number) == [str(both)]
    assert await found((key, "x"), customerNumber=number) == []


async def test_a_customer_number_of_any_characters_is_found_as_it_is(calls: Calls, records: Records) -> None:
    number = "Ærø &=+%/#?[1]"
    customer = await records.customer(customer_number=number)

    answer = await calls.get(CUSTOMERS, params={"customerNumber": number})

    assert [found["id"] for found in answer.json()] == [str(customer)]


async def test_every_problem_of_a_body_is_told_in_its_order_and_nothing_is_written(
    calls: Calls, new: dict[str, Any], owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    body: dict[str, Any] = {
        "creditLimt": 1,
        "billingDay": 0,
        "subscriptionTransitions": [],
        **new,
        "billingRelationship": "parent",
        "metadata": {"key": None},
        "email": "nobody",
    }
    found = invalid(await calls.post(f"{CUSTOMERS}?dryRun=true", json=body, headers={"idempotency-key": "a,b"}))

    assert [(name, *codes) for name, codes in found.items()] == [
        ("creditLimt", "FIELD_UNKNOWN"),
        ("billingDay", "FIELD_INVALID"),
        ("subscriptionTransitions", "FIELD_UNKNOWN"),
        ("billingRelationship", "FIELD_INVALID"),
        ("metadata.key", "METADATA_VALUE_INVALID"),
        ("email", "FIELD_INVALID"),
        ("dryRun", "FIELD_UNKNOWN"),
        ("Idempotency-Key", "FIELD_INVALID"),
    ]
    assert found["billingRelationship"]["FIELD_INVALID"] == (
        'Billing relationship must be one of self, parent_pays, not "parent".'
    )
    assert await everything_of(owner_engine, company) == stored


async def test_an_unknown_member_alone_keeps_an_update_from_being_made(
    calls: Calls, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    stored = await everything_of(owner_engine, company)

    for name in ("id", "version", "metadataSet", "expectedVersion", "idempotencyKey", "transitionDigest", "input"):
        found = invalid(await calls.patch(f"{CUSTOMERS}/{customer}", json={"name": "New", name: None}))
        assert found.keys() == {name}
    assert await everything_of(owner_engine, company) == stored


async def test_rules_speak_of_enumerations_as_rest_writes_them(calls: Calls, records: Records) -> None:
    customer = await records.customer()
    answer = await calls.patch(f"{CUSTOMERS}/{customer}", json={"billingRelationship": "parent_pays"})
    error = error_of(answer, 422, "PARENT_CUSTOMER_REQUIRED")
    assert error["message"] == "Billing relationship can't be parent_pays without a parent."

    answer = await calls.patch(f"{CUSTOMERS}/{customer}", json={"consolidationMode": "Single_Invoice"})
    error = error_of(answer, 422, "BILLING_DAY_REQUIRED")
    assert error["message"] == "Billing day must be set to 1 to 28 for single_invoice."


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("12.5", "12.50"), ("12.50", "12.50"), ('"12.50"', "12.50"), ("9999999999999.99", "9999999999999.99")],
)
async def test_amounts_are_stored_as_exactly_as_they_are_written(
    calls: Calls, records: Records, sent: str, shown: str
) -> None:
    path = f"{CUSTOMERS}/{await records.customer()}"

    answer = await calls.patch(path, content=f'{{"openingBalance":{sent}}}', headers=JSON)

    assert answer.json(parse_float=str)["openingBalance"] == shown


async def test_null_and_blank_text_clear_and_what_is_left_out_stays(calls: Calls, records: Records) -> None:
    customer = await records.customer(
        email="a@b.example", phone="1", notes="Some", external_system_id="crm-1", credit_limit=1, city="Rønne"
    )
    body = {"email": "", "phone": None, "externalSystemId": " \t", "creditLimit": None, "notes": ""}

    changed = (await calls.patch(f"{CUSTOMERS}/{customer}", json=body)).json()

    names = ("email", "phone", "externalSystemId", "creditLimit", "city")
    assert [changed[name] for name in names] == [None, None, None, None, "Rønne"]
    noted = await calls.post("/graphql", json={"query": NOTED, "variables": {"id": str(customer)}})
    assert noted.json() == {"data": {"customer": {"notes": None}}}


async def test_metadata_is_replaced_as_a_whole_and_cleared_by_an_empty_object(calls: Calls, records: Records) -> None:
    path = f"{CUSTOMERS}/{await records.customer(metadata={'a': 1})}"

    assert (await calls.patch(path, json={"metadata": {"b": True}})).json()["metadata"] == {"b": True}
    assert (await calls.patch(path, json={"name": "New"})).json()["metadata"] == {"b": True}
    assert (await calls.patch(path, json={"metadata": {}})).json()["metadata"] == {}
    assert invalid(await calls.patch(path, json={"metadata": {f"k{number}": 1 for number in range(51)}})) == {
        "metadata": {"METADATA_LIMIT_EXCEEDED": "Metadata must have at most 50 entries, not 51."}
    }


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"name":"a","name":"b"}', 'The key "name" occurs more than once'),
        ('{"metadata":{"a":1,"a":2}}', 'The key "a" occurs more than once'),
        ('{"creditLimit":NaN}', "NaN isn't JSON"),
        ('{"creditLimit":-Infinity}', "-Infinity isn't JSON"),
        ('{"creditLimit":1e999}', "is too large"),
        (f'{{"creditLimit":{"9" * 5_000}}}', "too many digits"),
        ('{"name":"\\ud800"}', "lone surrogate"),
        (f"{'[' * 200}{']' * 200}", "nests more than"),
        (f'{{"metadata":{{"a":{"[" * 200}{"]" * 200}}}}}', "nests more than"),
        ("{'name':'a'}", "isn't JSON"),
        ('{"name":"a",}', "isn't JSON"),
        ('\ufeff{"name":"a"}', "begins with a byte order mark (U+FEFF)"),
        ("", "The body is empty"),
    ],
)
async def test_a_body_that_is_not_strict_json_is_malformed(
    calls: Calls, records: Records, content: str, part: str
) -> None:
    answer = await calls.patch(f"{CUSTOMERS}/{await records.customer()}", content=content.encode(), headers=JSON)

    assert part in error_of(answer, 400, "BAD_REQUEST")["message"]


async def test_numbers_beyond_every_limit_are_problems_of_their_properties(calls: Calls, records: Records) -> None:
    content = (
        '{"creditLimit":1e300,"openingBalance":0.001,"billingDay":1e300,"paymentTerms":4294967296,"metadata":{"a":%s}}'
    )
    path = f"{CUSTOMERS}/{await records.customer()}"

    found = invalid(await calls.patch(path, content=content % ("9" * 400), headers=JSON))

    assert [*found] == ["creditLimit", "openingBalance", "billingDay", "paymentTerms", "metadata.a"]


async def test_a_body_of_thousands_of_unknown_members_is_rejected_with_the_first_of_them(
    calls: Calls, records: Records
) -> None:
    content = json.dumps({f"member{number}": number for number in range(20_000)})
    answer = await calls.patch(f"{CUSTOMERS}/{await records.customer()}", content=content, headers=JSON)

    found = invalid(answer)
    assert len(found) == 101
    assert found[""].keys() == {"MORE_PROBLEMS"}
    assert len(answer.json()["message"]) < 1_000
