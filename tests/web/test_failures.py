"""What a caller sees when something goes wrong inside: a code, a request id, and never how it went wrong."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest
from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from app.db.unit_of_work import CompanyUnknown
from app.domain.identity import Principal
from app.settings import Settings
from app.unavailable import DatabaseUnavailable, StatementTimeout
from app.web import request_log
from app.web.application import assemble
from app.web.credential_errors import CredentialsUnavailable
from app.web.envelope import Envelope
from app.web.failures import mutation_errors
from app.web.http_errors import http_error_of
from app.web.log_writer import LogWriter
from app.web.metrics import Metrics
from app.web.request_log import OperationLog
from tests.support.toy import ToyContext
from tests.support.toy_app import COMPANY, CREDENTIAL, client_of, opening, toy_app
from tests.web.idle import Idle
from tests.web.requests import assert_rejected, post


async def test_a_rejection_of_a_field_keeps_its_words_and_code() -> None:
    response = await post({"query": "{refused hello}"})

    assert response.status_code == 200
    assert response.json() == {
        "errors": [
            {
                "message": "You may not see this.",
                "locations": [{"line": 1, "column": 2}],
                "path": ["refused"],
                "extensions": {"code": "FORBIDDEN"},
            }
        ],
        "data": {"refused": None, "hello": "Hello you"},
    }


async def test_a_rejection_without_a_code_blames_the_input() -> None:
    response = await post({"query": "{refusedWithoutCode}"})

    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_failure_of_a_field_is_masked_and_logged_in_full_under_the_request_id() -> None:
    with capture_logs() as lines:
        async with client_of(toy_app()) as client:
            response = await client.post(
                "/graphql", json={"query": "{broken hello}"}, headers={"x-request-id": "order-66"}
            )

    assert response.status_code == 200
    assert "secret" not in response.text
    assert response.json()["data"] == {"broken": None, "hello": "Hello you"}
    error = response.json()["errors"][0]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": "order-66"}
    assert "order-66" in error["message"]
    failure = next(line for line in lines if line["event"] == "failure")
    assert (failure["request_id"], failure["path"], str(failure["exc_info"])) == (
        "order-66",
        ["broken"],
        "the secret of the house",
    )


async def test_a_failure_in_every_row_is_logged_a_few_times_only() -> None:
    query = " ".join(f"f{number}: broken" for number in range(20))
    with capture_logs() as lines:
        response = await post({"query": f"{{{query}}}"})

    assert len(response.json()["errors"]) == 20
    assert [line["failures"] for line in lines if line["event"] == "failure"] == [20, 20, 20]


async def test_a_null_that_may_not_be_is_a_failure_and_leaves_no_data() -> None:
    response = await post({"query": "{nothing}"})

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "non-nullable" not in response.text


async def test_a_database_that_is_away_makes_the_whole_answer_unavailable() -> None:
    response = await post({"query": "{hello away}"})

    assert response.headers["retry-after"] == "2"
    assert_rejected(response, 503, "SERVICE_UNAVAILABLE", "not available right now")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DatabaseUnavailable(), 503, "SERVICE_UNAVAILABLE"),
        (CredentialsUnavailable(), 503, "SERVICE_UNAVAILABLE"),
        (StatementTimeout(), 504, "TIMEOUT"),
        (CompanyUnknown(), 403, "COMPANY_NOT_FOUND"),
        (KeyError("the secret"), 500, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_what_goes_wrong_outside_of_fields_has_a_code_too(error: Exception, status: int, code: str) -> None:
    @asynccontextmanager
    async def opener(_principal: Principal) -> AsyncGenerator[ToyContext]:
        raise error
        yield ToyContext()

    async with client_of(toy_app(opener=opener)) as client:
        response = await client.post("/graphql", json={"query": "{hello}"})

    assert "secret" not in response.text
    assert_rejected(response, status, code, "")


async def test_a_failure_outside_of_graphql_is_masked_with_the_request_id() -> None:
    async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
        msg = "the secret of the house"
        raise RuntimeError(msg)

    async with client_of(Envelope(fails)) as client:
        response = await client.get("/")

    assert "secret" not in response.text
    assert response.json()["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"]
    assert_rejected(response, 500, "INTERNAL_SERVER_ERROR", response.headers["x-request-id"])


async def test_a_failure_of_another_page_is_masked_in_the_same_way() -> None:
    async def fails(_request: Request) -> Response:
        msg = "the secret of the house"
        raise RuntimeError(msg)

    async with client_of(assemble(Settings(), toy_app(), fails)) as client:
        response = await client.get("/readyz")

    assert "secret" not in response.text
    assert_rejected(response, 500, "INTERNAL_SERVER_ERROR", response.headers["x-request-id"])


async def test_a_failure_after_the_answer_began_is_left_to_the_server() -> None:
    async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async with client_of(Envelope(fails)) as client:
        with pytest.raises(RuntimeError):
            await client.get("/")


async def test_an_operation_that_takes_too_long_is_stopped_and_cleaned_up() -> None:
    context = ToyContext()
    async with client_of(toy_app(opener=opening(context), timeout_seconds=0.05)) as client:
        response = await client.post("/graphql", json={"query": "{slow}"})

    assert_rejected(response, 504, "TIMEOUT", "longer than 0.05 seconds")
    assert context.finished == ["slow", "closed"]


def test_a_timeout_of_something_else_is_a_failure() -> None:
    with capture_logs() as lines:
        assert http_error_of(TimeoutError(), "id").status == 500
    assert lines[0]["log_level"] == "error"


def scope_of_a_post() -> Scope:
    """Return what a server says of a POST of JSON."""
    headers = {"host": "service.test", **CREDENTIAL, "content-type": "application/json"}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


async def leave_during(query: str, context: ToyContext) -> list[Message]:
    """What is sent to a client that asks and then leaves."""
    sent: list[Message] = []
    asked = iter([{"type": "http.request", "body": b'{"query": "%s"}' % query.encode(), "more_body": False}])

    async def receive() -> Message:
        return next(asked, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = scope_of_a_post()
    async with asyncio.timeout(20):
        await toy_app(opener=opening(context))(scope, receive, send)
    return sent


async def test_a_query_is_abandoned_when_its_client_leaves() -> None:
    context = ToyContext()
    with capture_logs() as lines:
        sent = await leave_during("{slow}", context)

    assert sent == []
    assert context.finished == ["slow", "closed"]
    assert (lines[0]["status"], lines[0]["company"]) == (499, str(COMPANY))


async def test_a_mutation_is_seen_through_when_its_client_leaves() -> None:
    context = ToyContext()
    with capture_logs() as lines:
        await leave_during("mutation {slowly}", context)

    assert context.finished == ["slowly", "closed"]
    # It was carried out, and yet nobody has its answer.
    assert [(line["type"], line["status"], line["codes"]) for line in lines] == [
        ("mutation", 499, ("CLIENT_CLOSED_REQUEST",))
    ]


@pytest.mark.parametrize("error", [OSError, RuntimeError])
async def test_an_answer_that_could_not_be_sent_is_logged_as_one(error: type[Exception]) -> None:
    asked = iter([{"type": "http.request", "body": b'{"query": "{hello}"}', "more_body": False}])

    async def receive() -> Message:
        for message in asked:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_message: Message) -> None:
        raise error

    scope = scope_of_a_post()
    with capture_logs() as lines, suppress(RuntimeError):
        await toy_app()(scope, receive, send)

    assert lines[0]["status"] == 499


@pytest.mark.parametrize("query", ["{hello}", "mutation {slowly}", "{unknown}"])
@pytest.mark.parametrize("part", ["Metrics", "to_line", "fields_of"])
async def test_a_log_or_a_metric_that_fails_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, part: str, query: str
) -> None:
    def fails(*_arguments: object) -> bytes:
        raise ValueError

    async with client_of(toy_app()) as client:
        expected = await client.post("/graphql", json={"query": query}, headers={"x-request-id": "a-1"})
    if part == "Metrics":
        monkeypatch.setattr(Metrics, "count_operation", fails)
    else:
        monkeypatch.setattr(request_log, part, fails)
    log = OperationLog(Metrics(Idle()))
    writer = LogWriter(None, lambda _: b"")
    log.configure(Settings(), writer)
    async with client_of(toy_app(log=log)) as client:
        with capture_logs() as lines:
            response = await client.post("/graphql", json={"query": query}, headers={"x-request-id": "a-1"})
    writer.close(10)

    assert (response.status_code, response.content) == (expected.status_code, expected.content)
    assert response.headers == expected.headers
    event = "metrics_failed" if part == "Metrics" else "operation_log_failed"
    assert [(line["event"], line["log_level"], line["request_id"]) for line in lines] == [(event, "error", "a-1")]


async def test_a_client_that_leaves_before_it_has_asked_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pytest.fail("nobody listens")

    with caplog.at_level(logging.DEBUG), capture_logs() as lines:
        await toy_app()(scope_of_a_post(), receive, send)

    assert [line["status"] for line in lines] == [499]
    assert caplog.records == []


def test_a_mutation_that_took_too_long_is_told_what_it_may_have_waited_for() -> None:
    error = GraphQLError("stopped", path=["updateCustomer"], original_error=StatementTimeout())
    with pytest.raises(StatementTimeout) as stopped:
        mutation_errors(ExecutionResult({"updateCustomer": None}, [error]), "request")

    told = http_error_of(stopped.value, "request")
    assert (told.status, told.code) == (504, "TIMEOUT")
    assert "change took too long" in told.message
    assert "waited for other changes of the same rows" in told.message
    assert "nothing was stored" in told.message
