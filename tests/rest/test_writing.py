"""POST and PATCH: what is answered, conditions, keys that make writes safe to repeat, and rejected inputs."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from tests.rest.calling import Calls, Service, error_of
from tests.support.records import Records
from tests.support.rest import place_of
from tests.support.untouched import everything_of

CUSTOMERS = "/v1/customers"
UNKNOWN = "0197f3c2-0000-7000-8000-000000000000"


@pytest_asyncio.fixture(loop_scope="session")
async def new(records: Records) -> dict[str, Any]:
    """The body that creates a customer."""
    return {
        "name": "Nordlys",
        "vatZone": "DOMESTIC",
        "customerGroupId": str(await records.group()),
        "countryCode": "DK",
        "defaultCurrency": "DKK",
    }


@pytest_asyncio.fixture(loop_scope="session")
async def path(records: Records) -> str:
    """The path of a customer of version 4."""
    return f"{CUSTOMERS}/{await records.customer(name='Nordlys', version=4)}"


# Creating


async def test_a_new_customer_is_answered_with_its_keys_place_and_version(calls: Calls, new: dict[str, Any]) -> None:
    created = await calls.post(CUSTOMERS, json=new)

    body = created.json()
    assert (created.status_code, body) == (201, {"id": body["id"], "customerNumber": "1"})
    assert (created.headers["location"], created.headers["etag"]) == (f"customers/{body['id']}", '"1"')
    assert (await calls.get(place_of(created))).json()["name"] == "Nordlys"


@pytest.mark.parametrize("key", ["7f3a-1", '"7f3a-1"'])
async def test_a_creation_with_the_same_key_is_answered_as_the_first_time(
    calls: Calls, new: dict[str, Any], key: str
) -> None:
    first = await calls.post(CUSTOMERS, json=new, headers={"idempotency-key": "7f3a-1"})
    again = await calls.post(CUSTOMERS, json=new, headers={"idempotency-key": key})
    other = await calls.post(CUSTOMERS, json={**new, "name": "Other"}, headers={"idempotency-key": key})

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert (again.headers["location"], again.headers["etag"]) == (first.headers["location"], first.headers["etag"])
    error_of(other, 409, "IDEMPOTENCY_KEY_REUSED")
    assert [customer["id"] for customer in (await calls.get(CUSTOMERS)).json()] == [first.json()["id"]]


async def test_an_external_system_id_of_another_customer_is_a_conflict_that_names_it(
    calls: Calls, new: dict[str, Any]
) -> None:
    first = await calls.post(CUSTOMERS, json={**new, "externalSystemId": "crm-1"})
    error = error_of(
        await calls.post(CUSTOMERS, json={**new, "externalSystemId": "crm-1"}),
        409,
        "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS",
    )

    assert error["details"] == {"customerIds": [first.json()["id"]]}


async def test_problems_of_fields_come_all_at_once_by_their_properties(
    calls: Calls, new: dict[str, Any], owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    body = {**new, "email": "nobody", "creditLimit": -1, "metadata": {"a": "x" * 501}}
    error = error_of(await calls.post(CUSTOMERS, json=body), 400, "SHARED_VALIDATION_FAILED")

    found = {entry["property"]: [*entry["constraints"]] for entry in error["details"]["validationErrors"]}
    assert found == {
        "email": ["FIELD_INVALID"],
        "creditLimit": ["FIELD_INVALID"],
        "metadata.a": ["METADATA_VALUE_INVALID"],
    }
    assert await everything_of(owner_engine, company) == stored


async def test_problems_of_the_body_and_of_headers_come_together(calls: Calls, path: str) -> None:
    headers = {"if-match": "4", "idempotency-key": '"a", "b"'}
    answer = await calls.patch(path, json={"nonsense": 1}, headers=headers)

    error = error_of(answer, 400, "SHARED_VALIDATION_FAILED")
    assert {entry["property"] for entry in error["details"]["validationErrors"]} == {
        "If-Match",
        "Idempotency-Key",
        "nonsense",
    }


async def test_values_of_a_wrong_type_and_missing_ones_are_problems_of_their_fields(
    calls: Calls, new: dict[str, Any]
) -> None:
    del new["countryCode"]
    error = error_of(await calls.post(CUSTOMERS, json={**new, "name": 5}), 400, "SHARED_VALIDATION_FAILED")

    found = {entry["property"]: [*entry["constraints"]] for entry in error["details"]["validationErrors"]}
    assert found == {"name": ["FIELD_INVALID"], "countryCode": ["FIELD_REQUIRED"]}


async def test_of_problems_of_different_statuses_the_first_status_is_answered(
    calls: Calls, new: dict[str, Any]
) -> None:
    await calls.post(CUSTOMERS, json={**new, "customerNumber": "7"})
    body = {**new, "customerNumber": "7", "customerGroupId": UNKNOWN}
    error = error_of(await calls.post(CUSTOMERS, json=body), 404, "CUSTOMER_GROUP_NOT_FOUND")

    listed = [(problem["code"], problem["property"]) for problem in error["details"]["problems"]]
    assert listed == [
        ("CUSTOMER_GROUP_NOT_FOUND", "customerGroupId"),
        ("CUSTOMER_NUMBER_ALREADY_EXISTS", "customerNumber"),
    ]
    assert error["details"]["problems"][1]["customerIds"]


async def test_a_credential_that_may_only_write_creates_and_sees_what_it_wrote(
    service: Service, company: UUID, new: dict[str, Any]
) -> None:
    async with service.calls(company, [Scope.CUSTOMERS_WRITE]) as writer:
        assert (await writer.post(CUSTOMERS, json=new)).status_code == 201


@pytest.mark.parametrize(("method", "where"), [("POST", CUSTOMERS), ("PATCH", f"{CUSTOMERS}/{UNKNOWN}")])
async def test_without_the_scope_to_write_nothing_is_written(
    service: Service, company: UUID, new: dict[str, Any], owner_engine: AsyncEngine, method: str, where: str
) -> None:
    stored = await everything_of(owner_engine, company)
    async with service.calls(company, [Scope.CUSTOMERS_READ]) as reader:
        error = error_of(await reader.request(method, where, json=new), 403, "INSUFFICIENT_PERMISSIONS")

    assert error["details"] == {"requiredScopes": ["customers-write"], "missingScopes": ["customers-write"]}
    assert await everything_of(owner_engine, company) == stored


# Updating


async def test_an_update_changes_what_is_sent_and_answers_the_whole_customer(calls: Calls, path: str) -> None:
    updated = await calls.patch(path, json={"email": "a@example.com"})

    assert (updated.json()["name"], updated.json()["email"]) == ("Nordlys", "a@example.com")
    read = await calls.get(path)
    assert (updated.status_code, updated.content, updated.headers["etag"]) == (200, read.content, read.headers["etag"])
    assert updated.headers["etag"].startswith('"5-')


@pytest.mark.parametrize("condition", ['"4"', "*", "4"])
async def test_a_new_customer_has_no_version_to_compare(
    calls: Calls, new: dict[str, Any], condition: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    answer = await calls.post(CUSTOMERS, json=new, headers={"if-match": condition})

    error = error_of(answer, 400, "SHARED_VALIDATION_FAILED")
    told = {"FIELD_INVALID": "If-Match is only for reads and updates: leave it out."}
    assert error["details"]["validationErrors"] == [{"property": "If-Match", "constraints": told}]
    assert await everything_of(owner_engine, company) == stored


@pytest.mark.parametrize("key", ["", '""', '"a', "a,b", 'a"', '"a" "b"'])
async def test_a_malformed_key_is_a_problem_of_its_header(calls: Calls, path: str, key: str) -> None:
    answer = await calls.patch(path, json={"name": "New"}, headers={"idempotency-key": key})

    error = error_of(answer, 400, "SHARED_VALIDATION_FAILED")
    assert [entry["property"] for entry in error["details"]["validationErrors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize("customer_id", [UNKNOWN, "17"])
async def test_an_update_of_a_customer_that_does_not_exist_is_a_404(calls: Calls, customer_id: str) -> None:
    error_of(await calls.patch(f"{CUSTOMERS}/{customer_id}", json={"name": "New"}), 404, "CUSTOMER_NOT_FOUND")


@pytest.mark.parametrize("customer_id", [UNKNOWN, "17", "%20"])
async def test_invalid_requests_are_told_before_unknown_objects(calls: Calls, customer_id: str) -> None:
    where = f"{CUSTOMERS}/{customer_id}"
    for answer in (
        await calls.patch(where, json={"nmae": 1}),
        await calls.patch(where, json={"email": "nonsense"}),
        await calls.patch(where, json={"name": "New"}, headers={"if-match": "4"}),
        await calls.get(f"{where}?x=1"),
        await calls.get(f"{where}/contacts?limit=0"),
    ):
        error_of(answer, 400, "SHARED_VALIDATION_FAILED")


async def test_an_id_is_that_of_the_path_and_of_nothing_around_it(calls: Calls, path: str) -> None:
    name, _, customer_id = path.rpartition("/")
    assert (await calls.get(f"{name}/{customer_id.upper()}")).status_code == 200
    for other in (f"%20{customer_id}", f"{customer_id}%0a", f"{customer_id}%2Fcontacts"):
        error_of(await calls.get(f"{name}/{other}"), 404, "CUSTOMER_NOT_FOUND")
        error = error_of(await calls.patch(f"{name}/{other}", json={"name": "New"}), 404, "CUSTOMER_NOT_FOUND")
        assert error["message"] == "The company has no customer with this id."


@pytest.mark.parametrize("number", [-1, 366, 2**31, -(2**31) - 1, 10**30])
async def test_whole_numbers_are_told_their_bounds(calls: Calls, path: str, number: int) -> None:
    error = error_of(await calls.patch(path, json={"paymentTerms": number}), 400, "SHARED_VALIDATION_FAILED")

    assert error["message"].startswith("Payment terms must be between 0 and 365, not ")


async def test_a_credential_that_may_only_write_sees_what_it_wrote_and_nothing_else(
    service: Service, company: UUID, path: str
) -> None:
    async with service.calls(company, [Scope.CUSTOMERS_WRITE]) as writer:
        updated = await writer.patch(path, json={"name": "New"})
        unchanged = await writer.patch(path, json={"name": "New"})

    assert (updated.status_code, updated.json()["name"]) == (200, "New")
    assert {"customerGroupId"} == {name for name in updated.json() if name.startswith("customerGroup")}
    assert (unchanged.status_code, unchanged.content) == (204, b"")


async def test_a_move_of_subscriptions_has_to_be_acknowledged(calls: Calls, path: str, records: Records) -> None:
    subscription = await records.subscription(UUID(path.rsplit("/", 1)[1]))
    body = {"parentCustomerId": str(await records.customer()), "billingRelationship": "PARENT_PAYS"}
    error = error_of(await calls.patch(path, json=body), 422, "SUBSCRIPTION_TRANSITIONS_REQUIRED")

    assert error["details"]["subscriptionIds"] == [str(subscription)]


# Requests that aren't read


async def test_a_body_that_is_not_json_is_rejected(calls: Calls) -> None:
    for content in (b"", b"{", b'{"name": 1, "name": 2}', b"\xff"):
        answer = await calls.post(CUSTOMERS, content=content, headers={"content-type": "application/json"})
        error_of(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("content", ["[]", "null", "1", '"text"'])
async def test_a_body_that_is_no_object_is_rejected(calls: Calls, content: str) -> None:
    answer = await calls.post(CUSTOMERS, content=content, headers={"content-type": "application/json"})

    error_of(answer, 400, "SHARED_VALIDATION_FAILED")


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-encoding": "gzip"}])
async def test_a_body_of_another_type_is_rejected(calls: Calls, headers: dict[str, str]) -> None:
    answer = await calls.post(CUSTOMERS, content=b"{}", headers={"content-type": "application/json", **headers})
    error_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_that_is_too_long_is_rejected(calls: Calls) -> None:
    error_of(await calls.post(CUSTOMERS, json={"notes": "x" * 2_000_000}), 413, "PAYLOAD_TOO_LARGE")
