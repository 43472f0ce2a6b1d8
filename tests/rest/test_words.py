"""What REST says to its callers: in words of REST, not of GraphQL."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from graphql import ExecutionResult, GraphQLError
from httpx import Response

from app.db.unit_of_work import CommitUnknown, CompanyUnknown
from app.domain.identity import Scope
from app.engine.mutation_deadline import OutOfTime
from app.rest.endpoints import ENDPOINTS
from app.rest.openapi.examples import examples_of
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout, TooBusy
from app.web.ending import stopped
from app.web.http_errors import HttpError, OperationTimeout, http_error_of
from app.web.rest_errors import of_http_error
from app.web.running import shown_errors
from tests.rest.calling import Calls, Service
from tests.support.records import Records

OF_GRAPHQL = re.compile(
    r"\b(mutations?|quer(y|ies)|arguments?|variables?|inputs?|operations?|graphql|schema|selections?|resolvers?"
    r"|idempotencyKey|expectedVersion|scalars?|Int|fields? of [A-Z]\w+)\b|\$\w",
    re.IGNORECASE,
)
CUSTOMERS = "/v1/customers"
UNKNOWN = "0197f3c2-0000-7000-8000-000000000000"
QUERIES = (
    *("limit=0", "limit=501", "limit=x", "limit=1&limit=2", "after=x", "after=x&after=y", "page=1", "query=1"),
    *("customerNumber=", "customerNumber=%00", "customerNumber=%zz", f"customerNumber={'9' * 300}", "metadata[]=x"),
    *("metadata=x", f"metadata[{'k' * 300}]=x", "metadata[%00]=x", "&".join(f"metadata[k{n}]=v" for n in range(11))),
    "&".join(["x=1"] * 51),
)
EMPTY: dict[str, Any] = {}
BODIES: tuple[Any, ...] = (
    *([], "x", None, {}, {"name": None}, {"name": 5}, {"nmae": 1}, {"name": ["x"]}, {"name": {"a": 1}}),
    *({"isActive": "yes"}, {"paymentTerms": 10**20}, {"paymentTerms": 366}, {"paymentTerms": 1.5}, {"billingDay": "1"}),
    *({"creditLimit": -1}, {"creditLimit": "1.234"}, {"creditLimit": [1]}, {"vatZone": "mars"}, {"vatZone": 1}),
    *({"email": "x"}, {"website": "x"}, {"countryCode": "XX"}, {"defaultCurrency": "XXX"}, {"customerType": True}),
    *({"metadata": []}, {"metadata": {"a": []}}, {"metadata": {"": 1}}, {"metadata": {str(n): n for n in range(60)}}),
    *({"metadata": {str(n): n for n in range(12_000)}}, {"customerGroupId": "x"}, {"customerGroupId": UNKNOWN}),
    *({"parentCustomerId": UNKNOWN}, {"parentCustomerId": "x"}, {"consolidationMode": "single_invoice"}),
    *({"subscriptionTransitions": {}}, {"subscriptionTransitions": [EMPTY]}, {"subscriptionTransitions": [1]}),
    *({"subscriptionTransitions": [{"subscriptionId": "x", "y": 1}]}, {"subscriptionTransitions": [None]}),
    {"subscriptionTransitions": [{"subscriptionId": UNKNOWN}] * 12_000},
    *({"idempotencyKey": "k"}, {"expectedVersion": 1}, {"id": UNKNOWN}, {"metadataSet": {}}, {"input": {}}),
)
HEADERS = (
    *({"if-match": "4"}, {"if-match": 'W/"4"'}, {"if-match": '"x"'}, {"if-match": '"9", "8"'}),
    *({"idempotency-key": "a,b"}, {"idempotency-key": ""}, {"idempotency-key": "k" * 300}, {"idempotency-key": "used"}),
    *({"accept": "text/html"}, {"content-type": "text/plain"}, {"content-encoding": "gzip"}),
)


def messages_of(error: dict[str, Any]) -> Iterator[str]:
    """Everything that an error says."""
    yield error["message"]
    for entry in error["details"].get("validationErrors", ()):
        yield from entry["constraints"].values()
    for problem in error["details"].get("problems", ()):
        yield problem["message"]


def assert_words_of_rest(message: str) -> None:
    # What the caller has sent is quoted.
    said = re.sub(r'"[^"]*"', "", message)
    assert not OF_GRAPHQL.search(said), message


def assert_told(answer: Response) -> None:
    """Assert that an answer is an error in words of REST."""
    assert answer.status_code >= 400, answer.request.url
    for message in messages_of(answer.json()):
        assert_words_of_rest(message)


@pytest.mark.parametrize("query", QUERIES)
async def test_problems_of_parameters_are_told_in_words_of_rest(calls: Calls, query: str) -> None:
    assert_told(await calls.get(f"{CUSTOMERS}?{query}"))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:40])
async def test_problems_of_bodies_are_told_in_words_of_rest(calls: Calls, records: Records, body: Any) -> None:
    assert_told(await calls.post(CUSTOMERS, json=body))
    changed = await calls.patch(f"{CUSTOMERS}/{await records.customer()}", json=body)
    # Some are only invalid for a new customer.
    if changed.status_code != HTTPStatus.OK:
        assert_told(changed)


@pytest.mark.parametrize("headers", HEADERS, ids=str)
async def test_problems_of_headers_are_told_in_words_of_rest(
    calls: Calls, records: Records, headers: dict[str, str]
) -> None:
    path = f"{CUSTOMERS}/{await records.customer()}"
    await calls.patch(path, json={"name": "Used"}, headers={"idempotency-key": "used"})
    assert_told(await calls.patch(path, json={"name": "New"}, headers=headers))


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 50, b'{"a": 1e999}', b"\xef\xbb\xbf{}"]
)
async def test_problems_of_json_are_told_in_words_of_rest(calls: Calls, content: bytes) -> None:
    assert_told(await calls.post(CUSTOMERS, content=content, headers={"content-type": "application/json"}))


async def test_too_many_entries_are_a_problem_of_their_property(calls: Calls, records: Records) -> None:
    path = f"{CUSTOMERS}/{await records.customer()}"
    long: dict[str, Any] = {"metadata": {str(n): n for n in range(12_000)}, "subscriptionTransitions": [{}] * 12_000}
    for name, value in long.items():
        error = (await calls.patch(path, json={name: value})).json()
        assert (error["statusCode"], error["code"]) == (400, "SHARED_VALIDATION_FAILED")
        assert [entry["property"] for entry in error["details"]["validationErrors"]] == [name]
        assert "12,000" in error["message"]


async def test_credentials_paths_and_methods_are_told_in_words_of_rest(service: Service, company: UUID) -> None:
    async with service.calls(company, [Scope.ACCOUNTS_READ]) as reader:
        assert_told(await reader.get(CUSTOMERS))
        assert_told(await reader.delete(CUSTOMERS))
        assert_told(await reader.get("/v1/nothing"))
        del reader.headers["authorization"]
        assert_told(await reader.get(CUSTOMERS))


@pytest.mark.parametrize(
    "error",
    [
        OperationTimeout(1, "list_timeout"),
        StatementTimeout(),
        TooBusy(),
        DatabaseUnavailable(Cause.POOL_EXHAUSTED),
        CompanyUnknown(),
        RuntimeError(),
        stopped("r-1"),
        stopped("r-1", may_be_stored=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_before_an_answer_are_told_in_words_of_rest(error: Exception) -> None:
    assert_words_of_rest(of_http_error(http_error_of(error, "r-1")).message)


@pytest.mark.parametrize("path", [["updateCustomer"], ["updateCustomer", "customer"]], ids=["write", "read"])
@pytest.mark.parametrize(
    "cause",
    [StatementTimeout(), OutOfTime(has_begun=True), TooBusy(), CommitUnknown(), CompanyUnknown(), RuntimeError()],
    ids=lambda cause: type(cause).__name__,
)
def test_failures_of_writes_are_told_in_words_of_rest(cause: Exception, path: list[str]) -> None:
    failed = ExecutionResult({"updateCustomer": None}, [GraphQLError("x", path=path, original_error=cause)])
    try:
        messages = [error.get("message", "") for error in shown_errors(failed, "r-1", is_mutation=True)]
    except (HttpError, StatementTimeout, DatabaseUnavailable, CompanyUnknown) as error:
        messages = [http_error_of(error, "r-1").message]
    for message in messages:
        assert_words_of_rest(message)


def test_recorded_errors_are_told_in_words_of_rest() -> None:
    errors = [example for one in ENDPOINTS for example in examples_of(one.document) if example.is_error]
    assert errors
    for example in errors:
        for message in messages_of(example.answer):  # pyright: ignore[reportArgumentType] - errors are objects
            assert_words_of_rest(message)
