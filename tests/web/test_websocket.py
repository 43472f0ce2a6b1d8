"""GraphQL over WebSockets, on a toy schema: handshakes, credentials, operations, close codes and limits."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from websockets.exceptions import InvalidStatus

from app.domain.identity import Principal
from app.engine.persisted import Persistence
from app.web import websocket_session
from app.web.credential_errors import CredentialCode, CredentialsUnavailable, Unauthenticated
from app.web.direct import Direct
from app.web.envelope import Envelope
from app.web.graphql_http import GraphQLEndpoint
from app.web.request_log import OperationLog
from app.web.running import Runner
from app.web.websocket import GraphQLWebSocket
from app.web.websocket_operation import Operations
from tests.support import toy_app
from tests.support.listening import listening, wired
from tests.support.toy import ToyContext, toy_engine
from tests.support.toy_app import CREDENTIAL, opening
from tests.support.transport_client import PROTOCOL, TransportClient, connected, connections
from tests.support.until import until

GOOD = {"Authorization": "Bearer good"}


class Door:
    """Authenticates clients, until it no longer does."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        if self.error is not None:
            raise self.error
        if headers.get("x-api-key") == "slow":
            await asyncio.sleep(30)
        return await toy_app.authenticate(headers)


@asynccontextmanager
async def served(
    context: ToyContext | None = None, *, door: Door | None = None, seconds: float = 5, **limits: float
) -> AsyncGenerator[str]:
    """Serve the toy schema over HTTP and WebSockets, and yield the URL."""
    authenticate = (door or Door()).authenticate
    engine = toy_engine(persistence=Persistence(remembered=10))
    runner = Runner(engine, opening(context or ToyContext()), timeout_seconds=seconds)
    endpoint = GraphQLEndpoint(runner, authenticate, log=OperationLog(), max_body_bytes=1_000_000)
    websocket = GraphQLWebSocket(Operations(runner, authenticate, OperationLog()), "/graphql", **limits)
    async with listening(Envelope(Direct(endpoint, "/graphql", endpoint, websocket))) as port:
        yield f"http://127.0.0.1:{port}/graphql"


@asynccontextmanager
async def ready(context: ToyContext | None = None, **options: Any) -> AsyncGenerator[TransportClient]:
    """A client that is acknowledged."""
    async with served(context, **options) as url, connected(url) as client:
        await client.initialize(GOOD)
        yield client


async def begin(context: ToyContext, client: TransportClient, query: str, identifier: str = "1") -> None:
    """Start an operation, and wait until it runs."""
    context.subject = "nobody"
    await client.subscribe(query, identifier)
    await until(lambda: context.subject != "nobody")
    await turn(client)


async def turn(client: TransportClient) -> None:
    """Wait until the service has handled all messages so far."""
    await client.send("ping")
    assert await client.receive() == {"type": "pong"}


async def test_queries_and_mutations_are_answered_like_requests() -> None:
    async with ready() as client:
        assert await client.result("{ hello }") == {"data": {"hello": "Hello you"}}
        variables = {"n": "Ærø"}
        named = await client.result(
            "query A($n: String!) { hello(name: $n) } query B { hello }", operationName="A", variables=variables
        )
        assert named == {"data": {"hello": "Hello Ærø"}}
        assert await client.result('mutation { rename(name: "x") }') == {"data": {"rename": "x"}}


async def test_errors_of_fields_are_part_of_the_result() -> None:
    async with ready() as client:
        result = await client.result("{ hello refused }")
        assert result["data"] == {"hello": "Hello you", "refused": None}
        assert result["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("query", "more", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", {}, "OPERATION_NOT_FOUND"),
        ("query ($n: Int!) { bound(value: $n) }", {}, "BAD_USER_INPUT"),
        ("{ hello }", {"variables": []}, "BAD_REQUEST"),
        ("{ hello }", {"operationName": 1}, "BAD_REQUEST"),
        (None, {}, "BAD_REQUEST"),
        ("subscription { ticks }", {}, "OPERATION_NOT_SUPPORTED"),
        ("{ away }", {}, "SERVICE_UNAVAILABLE"),
        ("{ slow }", {}, "TIMEOUT"),
    ],
)
async def test_an_operation_that_does_not_run_gets_its_error_alone(query: Any, more: dict[str, Any], code: str) -> None:
    async with ready(seconds=1 if code == "TIMEOUT" else 20) as client:
        (error,) = await client.errors(query, **more)
        assert error["extensions"]["code"] == code
        assert await client.result("{ hello }") == {"data": {"hello": "Hello you"}}


async def test_a_failure_is_masked_and_has_its_own_id() -> None:
    async with ready() as client:
        result = await client.result("{ broken }", "first")
        again = await client.result("{ broken }", "second")
    ids = [answer["errors"][0]["extensions"]["requestId"] for answer in (result, again)]
    assert "secret" not in str(result)
    assert [request_id.rpartition(".")[2] for request_id in ids] == ["1", "2"]
    assert len({request_id.rpartition(".")[0] for request_id in ids}) == 1


async def test_persisted_documents_are_sent_once_and_then_named() -> None:
    text = "{ hello }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}
    async with ready() as client:
        (error,) = await client.errors(None, extensions=extensions)
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        for query in (text, None):
            result = await client.result(query, extensions=extensions)
            assert result == {"data": {"hello": "Hello you"}}


async def test_operations_run_side_by_side() -> None:
    async with ready() as client:
        await client.subscribe("mutation { slowly }", "slow")
        await client.subscribe("{ hello }", "quick")
        received = [await client.receive() for _ in range(4)]
    assert [message["id"] for message in received] == ["quick", "quick", "slow", "slow"]


async def test_a_query_that_the_client_ends_is_canceled_and_answered_no_more() -> None:
    context = ToyContext()
    async with ready(context) as client:
        await begin(context, client, "{ slow }")
        await client.send("complete", id="1")
        assert await client.result("{ hello }", "2") == {"data": {"hello": "Hello you"}}
    assert context.finished[0] == "slow"


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_mutation_is_completed_although_the_client_ends_it_or_leaves(*, leaves: bool) -> None:
    context = ToyContext()
    async with served(context) as url, connected(url) as client:
        await client.initialize(GOOD)
        await begin(context, client, "mutation { slowly }")
        if leaves:
            client.connection.transport.abort()
        else:
            await client.send("complete", id="1")
            assert await client.result("{ hello }", "2") == {"data": {"hello": "Hello you"}}
        await until(lambda: "slowly" in context.finished)


async def test_a_query_is_canceled_when_its_client_leaves() -> None:
    context = ToyContext()
    async with served(context) as url:
        async with connected(url) as client:
            await client.initialize(GOOD)
            await begin(context, client, "{ slow }")
        await until(lambda: "slow" in context.finished)


@pytest.mark.parametrize(
    "payload",
    [
        GOOD,
        GOOD | {"more": "x" * 20_000},
        {"authorization": "Bearer good"},
        {"AUTHORIZATION": "Bearer good", "other": {"a": 1}, "x-api-key": None},
    ],
)
async def test_the_credential_may_be_in_the_payload_of_connection_init(payload: Mapping[str, Any]) -> None:
    async with served() as url, connected(url) as client:
        await client.initialize(payload)
        assert await client.result("{ subject }") == {"data": {"subject": "tester"}}


@pytest.mark.parametrize("payload", [None, {}, GOOD])
async def test_the_credential_may_be_in_the_headers_of_the_handshake(payload: Mapping[str, Any] | None) -> None:
    async with served() as url, connected(url, CREDENTIAL) as client:
        await client.initialize(payload)
        assert await client.result("{ subject }") == {"data": {"subject": "tester"}}


@pytest.mark.parametrize(
    ("headers", "payload", "reason"),
    [
        (None, None, "UNAUTHENTICATED: Send a token."),
        (None, {"authorization": "Bearer bad"}, "UNAUTHENTICATED: Send a token."),
        (None, {"authorization": 1}, "CREDENTIALS_MALFORMED: "),
        (CREDENTIAL, {"authorization": "Bearer bad"}, "CREDENTIALS_MALFORMED: "),
        (None, {"authorization": "Bearer good", "Authorization": "Bearer bad"}, "CREDENTIALS_MALFORMED: "),
    ],
)
async def test_a_rejected_credential_closes_the_connection_with_4403(
    headers: Mapping[str, str] | None, payload: Any, reason: str
) -> None:
    async with served() as url, connected(url, headers) as client:
        await client.send("connection_init", payload=payload)
        code, told = await client.closed()
    assert (code, told.startswith(reason)) == (4403, True), told


async def test_a_rejected_credential_of_a_handshake_is_answered_with_401(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as url:
        with pytest.raises(InvalidStatus) as caught:
            async with connected(url, {"authorization": "Bearer bad"}):
                pass
    response = caught.value.response
    assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer realm="customer-gateway"')
    assert b'"code":"UNAUTHENTICATED"' in (response.body or b"")
    assert "x-request-id" in response.headers
    # Operators are alerted on errors, and anybody can send a wrong credential.
    assert [record.message for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_a_credential_that_can_not_be_verified_is_tried_again_later() -> None:
    door = Door()
    door.error = CredentialsUnavailable()
    async with served(door=door) as url, connected(url) as client:
        await client.send("connection_init", payload=GOOD)
        code, reason = await client.closed()
        with pytest.raises(InvalidStatus) as caught:
            async with connected(url, CREDENTIAL):
                pass
    assert (code, reason[:20]) == (1013, "SERVICE_UNAVAILABLE:")
    assert (caught.value.response.status_code, caught.value.response.headers["retry-after"]) == (503, "2")


async def test_a_credential_is_verified_for_each_operation() -> None:
    door = Door()
    async with ready(door=door) as client:
        assert await client.result("{ hello }") == {"data": {"hello": "Hello you"}}
        door.error = CredentialsUnavailable()
        (error,) = await client.errors("{ hello }")
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        door.error = Unauthenticated(CredentialCode.TOKEN_EXPIRED, "The token has expired. Get a new one.")
        await client.subscribe("{ hello }")
        assert await client.closed() == (4403, "TOKEN_EXPIRED: The token has expired. Get a new one.")


@pytest.mark.parametrize(
    ("offered", "chosen", "words"),
    [
        (("graphql-ws",), "graphql-ws", "graphql-ws is the legacy subprotocol: use graphql-transport-ws"),
        (("other",), "other", "Offer the subprotocol graphql-transport-ws."),
        ((), None, "Offer the subprotocol graphql-transport-ws."),
    ],
)
async def test_another_subprotocol_is_refused_with_4406_and_a_reason(
    offered: tuple[str, ...], chosen: str | None, words: str
) -> None:
    async with served() as url, connected(url, subprotocols=offered) as client:
        code, reason = await client.closed()
    assert (code, client.connection.subprotocol) == (4406, chosen)
    assert reason.startswith(words)


async def test_a_client_that_offers_both_subprotocols_gets_the_new_one() -> None:
    async with served() as url, connected(url, subprotocols=("graphql-ws", PROTOCOL)) as client:
        assert client.connection.subprotocol == PROTOCOL
        await client.initialize(GOOD)


@pytest.mark.parametrize(
    ("first", "code", "words"),
    [
        (["{"], 4400, "The message isn't JSON"),
        (['{"type":"start"}'], 4400, "`start` is not a type"),
        ([b"\x00"], 4400, "The message is binary: send text."),
        (["[" * 2_000], 4400, "The message"),
        (['{"type":"subscribe","id":"1","payload":{}}'], 4401, "Unauthorized"),
        (['{"type":"connection_init","payload":{"authorization":"Bearer good"}}'] * 2, 4429, "Too many init"),
        (
            ['{"type":"ping","payload":{"a":"' + "x" * 40_000 + '"}}'],
            4400,
            "A message before `connection_ack` is longer",
        ),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_closed(first: list[str | bytes], code: int, words: str) -> None:
    async with served() as url, connected(url) as client:
        for text in first:
            await client.text(text)
        told, reason = await client.closed()
    assert (told, reason.startswith(words)) == (code, True), reason


async def test_an_id_that_is_in_use_closes_the_connection_with_4409() -> None:
    async with ready() as client:
        for _ in range(2):
            await client.subscribe("{ slow }")
        assert await client.closed() == (4409, "Subscriber for 1 already exists.")


@pytest.mark.parametrize("payload", [None, {"x-api-key": "slow"}], ids=["silent", "slowly verified"])
async def test_a_connection_that_is_not_initialized_in_time_is_closed_with_4408(payload: Any) -> None:
    async with served(initialization_seconds=0.3) as url, connected(url) as client:
        if payload is not None:
            await client.send("connection_init", payload=payload)
        assert await client.closed() == (4408, "Connection initialisation timeout.")


async def test_pings_are_answered_at_any_time() -> None:
    async with served() as url, connected(url) as client:
        await client.send("ping")
        assert await client.receive() == {"type": "pong"}
        await client.initialize(GOOD)
        await client.send("pong")
        await client.send("ping", payload={"a": 1})
        assert await client.receive() == {"type": "pong", "payload": {"a": 1}}


async def test_more_operations_than_allowed_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_session, "MAX_OPERATIONS", 2)
    async with ready() as client:
        for identifier in "ab":
            await client.subscribe("{ slow }", identifier)
        (error,) = await client.errors("{ hello }", "c")
        assert error["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await client.send("complete", id="a")
        await turn(client)
        assert await client.result("{ hello }", "c") == {"data": {"hello": "Hello you"}}


async def test_a_client_that_sends_very_many_messages_is_read_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_session, "MESSAGES_AT_ONCE", 10)
    monkeypatch.setattr(websocket_session, "MESSAGES_PER_SECOND", 50)
    loop = asyncio.get_running_loop()
    async with ready() as client:
        begun = loop.time()
        for _ in range(60):
            await client.send("ping")
        for _ in range(60):
            assert await client.receive() == {"type": "pong"}
    assert loop.time() - begun > 0.9


@pytest.mark.parametrize("size", [5_000, 20_000, 100_000, 900_000])
async def test_large_messages_are_run_in_their_turns(size: int) -> None:
    async with ready() as client:
        variables = {"n": "x" * size}
        result = await client.result("query ($n: String!) { hello(name: $n) }", variables=variables)
        assert result == {"data": {"hello": "Hello " + "x" * size}}


async def test_a_failure_of_the_session_itself_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_text: str) -> None:
        msg = "the secret of the house"
        raise RuntimeError(msg)

    async with ready() as client:
        monkeypatch.setattr(websocket_session, "parse_message", fail)
        await client.send("ping")
        code, reason = await client.closed()
    assert code == 4500
    assert re.fullmatch("INTERNAL_SERVER_ERROR: The service failed. Report the request id [0-9a-f]{32}.", reason), (
        reason
    )


async def test_other_paths_are_answered_with_404() -> None:
    async with served() as url, wired(urlsplit(url).port or 0) as wire:
        await wire.send(
            b"GET /other HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        reply = await wire.reply()
        assert (reply.status, reply.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")


async def test_each_operation_has_a_line_in_the_log_and_the_connection_has_none() -> None:
    context = ToyContext()
    with structlog.testing.capture_logs() as logged:
        async with ready(context) as client:
            await client.result("query Greeting { hello }")
            await client.errors("{ unknown }")
            await begin(context, client, "{ slow }", "left")
    lines = [line for line in logged if line["event"] != "connections_ended"]
    shown = [(line["name"], line["type"], line["subject"], line["status"], line["codes"]) for line in lines]
    assert shown == [
        ("Greeting", "query", "tester", 200, ()),
        (None, None, "tester", 400, ("GRAPHQL_VALIDATION_FAILED",)),
        (None, "query", "tester", 499, ("CLIENT_CLOSED_REQUEST",)),
    ]
    assert len({line["request_id"] for line in lines}) == 3


async def test_an_operation_that_the_service_cuts_off_is_logged_as_one() -> None:
    context = ToyContext()
    with structlog.testing.capture_logs() as logged:
        async with ready(context) as client:
            await begin(context, client, "{ slow }")
            (connection,) = connections()
            connection.end("slow_reader")
            await until(lambda: any(line["event"] == "operation" for line in logged))
    (line,) = [line for line in logged if line["event"] == "operation"]
    assert (line["status"], line["codes"]) == (499, ("CLIENT_TOO_SLOW",))


async def test_a_mutation_is_answered_before_the_end_of_the_server_closes_the_connection() -> None:
    context = ToyContext()
    async with AsyncExitStack() as stack:
        async with served(context) as url:
            idle, busy = [await stack.enter_async_context(connected(url)) for _ in range(2)]
            for client in (idle, busy):
                await client.initialize(GOOD)
            await begin(context, busy, "mutation { slowly }")
        assert await busy.next() == {"slowly": "done"}
        assert await busy.receive() == {"id": "1", "type": "complete"}
        for client in (idle, busy):
            code, reason = await client.closed()
            assert (code, reason) == (
                1012,
                "The service is restarting. Connect again, and resume subscriptions with `after`.",
            )


async def test_an_operation_that_the_end_of_the_server_stops_is_told_so() -> None:
    context = ToyContext()
    async with AsyncExitStack() as stack:
        async with served(context, seconds=20) as url:
            client = await stack.enter_async_context(connected(url))
            await client.initialize(GOOD)
            await begin(context, client, "{ slow }")
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "SERVICE_UNAVAILABLE")
        assert (await client.closed())[0] == 1012
