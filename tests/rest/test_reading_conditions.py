"""`If-Match` of reads: they are answered with 412 unless the object has one of the tags as it is now."""

import pytest

from tests.rest.calling import Calls, Service, client_of, error_of
from tests.support.records import Records

CUSTOMERS, GROUPS = "/v1/customers", "/v1/customer-groups"
NOW = "If-Match has no ETag of the object as it is now: leave it out to read the object."


@pytest.mark.parametrize("condition", ["*", "{}", '"4"', '"3", {}', 'W/"4", {}', ' ,"x",,{} '])
async def test_a_customer_that_has_one_of_the_tags_is_read(calls: Calls, records: Records, condition: str) -> None:
    path = f"{CUSTOMERS}/{await records.customer(version=4)}"
    tag = (await calls.get(path)).headers["etag"]
    for method in ("GET", "HEAD"):
        answer = await calls.request(method, path, headers={"if-match": condition.format(tag)})
        assert (answer.status_code, answer.headers["etag"]) == (200, tag)
        unchanged = await calls.request(method, path, headers={"if-match": condition.format(tag), "if-none-match": tag})
        assert unchanged.status_code == 304


@pytest.mark.parametrize(
    ("condition", "beginning"),
    [
        ('"3"', NOW),
        ('"4-0123456789abcdef"', NOW),
        ('"3", "x"', f'{NOW} If-Match has the tag "x", which no version has: '),
        ("W/{}", "If-Match has the weak tag W/{}, which never matches: "),
        ('"x"', 'If-Match has the tag "x", which no version has: '),
    ],
)
async def test_a_customer_that_has_none_of_the_tags_is_not_read(
    calls: Calls, records: Records, condition: str, beginning: str
) -> None:
    path = f"{CUSTOMERS}/{await records.customer(version=4)}"
    tag = (await calls.get(path)).headers["etag"]
    # `If-Match` is evaluated before `If-None-Match` (RFC 9110, 13.2.2).
    headers = {"if-match": condition.format(tag), "if-none-match": tag}
    error = error_of(await calls.get(path, headers=headers), 412, "VERSION_CONFLICT")
    head = await calls.head(path, headers=headers)

    assert error["message"].startswith(beginning.format(tag))
    assert error["details"] == {"actualVersion": 4}
    assert (head.status_code, head.content) == (412, b"")


async def test_a_list_has_no_tag_and_is_read_for_any(calls: Calls, records: Records) -> None:
    customer = f"{CUSTOMERS}/{await records.customer()}"
    paths = (CUSTOMERS, f"{CUSTOMERS}?limit=1", f"{CUSTOMERS}?customerNumber=1", GROUPS, f"{customer}/contacts")
    for path in paths:
        error = error_of(await calls.get(path, headers={"if-match": '"1"'}), 412, "VERSION_CONFLICT")
        assert error["message"] == "A list has no ETag that If-Match could have: leave it out."
        assert (await calls.head(path, headers={"if-match": '"1"'})).status_code == 412
        assert (await calls.get(path, headers={"if-match": "*"})).status_code == 200


async def test_a_long_list_is_not_begun_either(calls: Calls, records: Records) -> None:
    for number in range(201):
        await records.customer(customer_number=str(number))

    error_of(await calls.get(CUSTOMERS, headers={"if-match": '"1"'}), 412, "VERSION_CONFLICT")


async def test_what_does_not_exist_is_a_404_whatever_its_tag_should_be(calls: Calls) -> None:
    for path in (f"{CUSTOMERS}/0", f"{CUSTOMERS}/0/contacts"):
        error_of(await calls.get(path, headers={"if-match": '"1"'}), 404, "CUSTOMER_NOT_FOUND")


async def test_a_malformed_condition_is_a_problem_beside_those_of_parameters(calls: Calls, records: Records) -> None:
    for path in (f"{CUSTOMERS}/{await records.customer()}", CUSTOMERS):
        answer = await calls.get(f"{path}?nonsense=1", headers={"if-match": "4"})

        error = error_of(answer, 400, "SHARED_VALIDATION_FAILED")
        assert [entry["property"] for entry in error["details"]["validationErrors"]] == ["nonsense", "If-Match"]


async def test_the_document_has_a_tag_as_well(service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn) as client:
        tag = (await client.get("/v1/openapi.json")).headers["etag"]
        same, other, weak, malformed = [
            await client.get("/v1/openapi.json", headers={"if-match": condition})
            for condition in (f'"x", {tag}', '"x"', f"W/{tag}", "x")
        ]

    assert same.status_code == 200
    error_of(other, 412, "VERSION_CONFLICT")
    error_of(weak, 412, "VERSION_CONFLICT")
    error_of(malformed, 400, "SHARED_VALIDATION_FAILED")
