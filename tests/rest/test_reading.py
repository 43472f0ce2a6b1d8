"""GET of one customer: its body and headers, and the requests that are rejected before they are read."""

import re
from uuid import UUID, uuid4

import pytest

from app.domain.identity import Scope
from tests.rest.calling import Calls, Service, error_of
from tests.support.records import Records

CHANGE = "mutation($input: UpdateCustomerGroupInput!) { updateCustomerGroup(input: $input) { errors { code } } }"


@pytest.fixture
def path() -> str:
    return f"/v1/customers/{uuid4()}"


async def test_a_customer_is_answered_as_one_object_with_its_etag(calls: Calls, records: Records) -> None:
    customer_id = await records.customer(name='Nordlys "Ærø",\\"version":9', customer_number="17", version=4)

    answer = await calls.get(f"/v1/customers/{customer_id}")

    assert answer.status_code == 200
    assert re.fullmatch('"4-[0-9a-f]{16}"', answer.headers["etag"])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["name"] == 'Nordlys "Ærø",\\"version":9'
    assert (body["id"], body["customerNumber"], body["email"], body["metadata"]) == (str(customer_id), "17", None, {})
    assert len(body) == 30


@pytest.mark.parametrize("known", ["{}", "W/{}", '"3" , {}', "*", ' ,"3",,W/{}', '"3","x,", {}'])
async def test_a_customer_that_the_client_has_already_is_not_sent_again(
    calls: Calls, records: Records, known: str
) -> None:
    path = f"/v1/customers/{await records.customer(version=4)}"
    tag = (await calls.get(path)).headers["etag"]
    answer = await calls.get(path, headers={"if-none-match": known.format(tag)})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    "known", ['"4"', '"4-0123456789abcdef"', "4", '"4', '""', "", ",", '"44"', "W/4", "{0} {0}", '"3" {0}']
)
async def test_a_customer_is_sent_if_no_tag_that_the_client_has_is_that_of_its_body(
    calls: Calls, records: Records, known: str
) -> None:
    path = f"/v1/customers/{await records.customer(version=4)}"
    headers = {"if-none-match": known.format((await calls.get(path)).headers["etag"])}

    assert (await calls.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("change", [{"name": "Renamed"}, {"number": "renumbered"}])
async def test_a_customer_whose_group_has_changed_since_is_sent_again(
    calls: Calls, records: Records, change: dict[str, str]
) -> None:
    group = await records.group()
    path = f"/v1/customers/{await records.customer(customer_group_id=group, version=4)}"
    before = await calls.get(path)
    renamed = await calls.post("/graphql", json={"query": CHANGE, "variables": {"input": {"id": str(group), **change}}})
    assert renamed.json() == {"data": {"updateCustomerGroup": {"errors": []}}}
    after = await calls.get(path, headers={"if-none-match": before.headers["etag"]})

    assert (after.status_code, after.json() == before.json()) == (200, False)
    assert after.headers["etag"] != before.headers["etag"]
    # The condition of a change is about the customer alone.
    condition = {"if-match": before.headers["etag"]}
    assert (await calls.patch(path, json={"name": "New"}, headers=condition)).status_code == 200


@pytest.mark.parametrize("customer_id", ["0197f3c2-0000-7000-8000-000000000000", "17", "%7B%22"])
async def test_a_customer_that_does_not_exist_is_a_404(calls: Calls, customer_id: str) -> None:
    error_of(await calls.get(f"/v1/customers/{customer_id}"), 404, "CUSTOMER_NOT_FOUND")


async def test_a_customer_of_another_company_is_a_404(service: Service, records: Records) -> None:
    customer_id = await records.customer()
    async with service.calls(uuid4()) as others:
        error_of(await others.get(f"/v1/customers/{customer_id}"), 404, "CUSTOMER_NOT_FOUND")


async def test_a_head_is_answered_as_a_get_without_a_body(calls: Calls, records: Records) -> None:
    path = f"/v1/customers/{await records.customer()}"
    read, head = await calls.get(path), await calls.head(path)

    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", read.headers["etag"])
    assert head.headers["content-length"] == str(len(read.content))


async def test_without_a_credential_nothing_is_read(calls: Calls, path: str) -> None:
    del calls.headers["authorization"]
    answer = await calls.get(path)

    assert answer.headers["www-authenticate"].startswith("Bearer ")
    error_of(answer, 401, "UNAUTHENTICATED")


async def test_without_the_scope_to_read_the_missing_scopes_are_named(
    service: Service, company: UUID, path: str
) -> None:
    async with service.calls(company, [Scope.CUSTOMERS_WRITE]) as writer:
        error = error_of(await writer.get(path), 403, "INSUFFICIENT_PERMISSIONS")

    assert error["details"] == {"requiredScopes": ["customers-read"], "missingScopes": ["customers-read"]}


@pytest.mark.parametrize("unknown", ["/v1", "/v1/", "/v1/customer", "/v1/customers/a/b", "/v1/customers/a/"])
async def test_nothing_is_served_at_other_paths(calls: Calls, unknown: str) -> None:
    error_of(await calls.get(unknown), 404, "NOT_FOUND")


async def test_a_method_that_a_path_does_not_have_is_rejected_with_those_it_has(calls: Calls, path: str) -> None:
    answer = await calls.delete(path)

    assert answer.headers["allow"] == "GET, HEAD, PATCH"
    error_of(answer, 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/graphql-response+json", "*/*;q=0", "application/xml, a/*"]
)
async def test_a_client_that_takes_no_json_is_told_so(calls: Calls, path: str, accept: str) -> None:
    error_of(await calls.get(path, headers={"accept": accept}), 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", "text/html, application/json;q=0.1"])
async def test_a_client_that_takes_json_besides_others_gets_it(calls: Calls, path: str, accept: str) -> None:
    error_of(await calls.get(path, headers={"accept": accept}), 404, "CUSTOMER_NOT_FOUND")


async def test_the_time_of_an_error_is_in_utc(calls: Calls, path: str) -> None:
    error = error_of(await calls.get(path), 404, "CUSTOMER_NOT_FOUND")

    assert error["timestamp"].endswith("Z")
    assert len(error["timestamp"]) == len("2026-11-30T10:00:00.000Z")
