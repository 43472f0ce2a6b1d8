"""`If-Match` of updates: the versions that may be changed, tags that no version has, and repeated requests."""

from uuid import UUID

import pytest
import pytest_asyncio
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rest.calling import Calls, error_of
from tests.support.records import Records
from tests.support.untouched import everything_of

CONFLICT = 'If-Match names another version than the stored one, "4": read the object again, then retry with its ETag.'
WEAK = "If-Match has the weak tag {}, which never matches: send it without W/. Proxies that compress answers make tags weak."
FOREIGN = (
    "If-Match has the tag {}, which no version has: send the ETag of an answer as it is. Proxies that compress answers may"
    " change it."
)


@pytest_asyncio.fixture(loop_scope="session")
async def path(records: Records) -> str:
    """The path of a customer of version 4."""
    return f"/v1/customers/{await records.customer(name='Nordlys', version=4)}"


def version_of(response: Response) -> int:
    """The version that an entity tag names."""
    return int(response.headers["etag"].strip('"').partition("-")[0])


@pytest.mark.parametrize(
    "condition",
    [
        '"4"',
        '"4-0123456789abcdef"',
        "*",
        ' "3" ,"4"',
        ',,"4"',
        ', \t,"3",,"4" ,',
        '"9", "4-0123456789abcdef"',
        'W/"4", "4"',
        '"x", "4"',
    ],
)
async def test_an_update_is_made_if_one_of_the_versions_of_its_condition_is_stored(
    calls: Calls, path: str, condition: str
) -> None:
    updated = await calls.patch(path, json={"name": "New"}, headers={"if-match": condition})

    assert (updated.status_code, version_of(updated)) == (200, 5)


@pytest.mark.parametrize(
    ("condition", "version", "message"),
    [
        ('"3"', 3, CONFLICT),
        ('"3-0123456789abcdef"', 3, CONFLICT),
        ('"44", "3"', 44, CONFLICT),
        ('"3", W/"4"', 3, " ".join([CONFLICT, WEAK.format('W/"4"')])),
    ],
)
async def test_an_update_is_not_made_if_another_version_is_stored(
    calls: Calls, path: str, condition: str, version: int, message: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    answer = await calls.patch(path, json={"name": "New"}, headers={"if-match": condition})

    error = error_of(answer, 412, "VERSION_CONFLICT")
    assert error["message"] == message
    assert error["details"].keys() == {"expectedVersion", "actualVersion", "changedFields"}
    assert (error["details"]["expectedVersion"], error["details"]["actualVersion"]) == (version, 4)
    assert await everything_of(owner_engine, company) == stored


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ('W/"4"', WEAK.format('W/"4"')),
        ('W/"4-0123456789abcdef", "x"', WEAK.format('W/"4-0123456789abcdef"')),
        *((tag, FOREIGN.format(tag)) for tag in ('"4-"', '"4-x"', '"x"', '""', '"99999999999"', '"04"', '"0"')),
        ('"4-0123456789abcdef-gzip"', FOREIGN.format('"4-0123456789abcdef-gzip"')),
        (f'"{"x" * 500}"', FOREIGN.format(f'"{"x" * 149}…')),
    ],
)
async def test_an_update_is_not_made_for_a_tag_that_no_version_has_and_says_so(
    calls: Calls, path: str, condition: str, message: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    answer = await calls.patch(path, json={"name": "New"}, headers={"if-match": condition})

    error = error_of(answer, 412, "VERSION_CONFLICT")
    assert error["message"] == message
    # Nothing has changed since a version that there never was.
    assert error["details"] == {"actualVersion": 4}
    assert await everything_of(owner_engine, company) == stored


@pytest.mark.parametrize("condition", ["4", '"4', "", ",", "W/4", '"4" "4"', '"4""5"', '"4" W/"4"', '"4";, "5"'])
async def test_a_malformed_condition_is_a_problem_of_its_header(calls: Calls, path: str, condition: str) -> None:
    answer = await calls.patch(path, json={"name": "New"}, headers={"if-match": condition})

    error = error_of(answer, 400, "SHARED_VALIDATION_FAILED")
    assert [entry["property"] for entry in error["details"]["validationErrors"]] == ["If-Match"]


@pytest.mark.parametrize("condition", ["*", '"4"', 'W/"9"', "4"])
async def test_a_write_is_not_made_on_the_condition_of_a_read(
    calls: Calls, path: str, condition: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = await everything_of(owner_engine, company)
    for method, place in (("PATCH", path), ("POST", "/v1/customers")):
        answer = await calls.request(method, place, json={"name": "New"}, headers={"if-none-match": condition})

        problems = error_of(answer, 400, "SHARED_VALIDATION_FAILED")["details"]["validationErrors"]
        constraints = {"FIELD_INVALID": "If-None-Match is only for reads: leave it out."}
        assert {"property": "If-None-Match", "constraints": constraints} in problems
    assert await everything_of(owner_engine, company) == stored


@pytest.mark.parametrize("condition", ['"4"', '"4", "9"', '"3", "4"', '"9", "4", "3", "4-0123456789abcdef", "x"', "*"])
async def test_an_update_that_is_repeated_with_its_key_and_condition_is_answered_again(
    calls: Calls, path: str, condition: str
) -> None:
    headers = {"if-match": condition, "idempotency-key": "k"}
    first = await calls.patch(path, json={"name": "New"}, headers=headers)
    again = await calls.patch(path, json={"name": "New"}, headers=headers)

    assert (again.status_code, again.content, version_of(again)) == (200, first.content, 5)
    assert again.headers["etag"] == first.headers["etag"]


async def test_another_condition_is_another_request_under_the_same_key(calls: Calls, path: str) -> None:
    key = {"idempotency-key": "k"}
    first = await calls.patch(path, json={"name": "New"}, headers={**key, "if-match": '"4", "9"'})
    assert first.status_code == 200
    for condition in ({"if-match": '"4"'}, {"if-match": '"4", "5"'}, {}):
        other = await calls.patch(path, json={"name": "New"}, headers={**key, **condition})
        error_of(other, 409, "IDEMPOTENCY_KEY_REUSED")
