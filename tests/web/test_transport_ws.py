"""The protocol graphql-transport-ws as a table: what a client sends, and what it is sent or how it is closed."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from app.web.transport_ws import (
    MAX_ID_LENGTH,
    CloseCode,
    Closed,
    Complete,
    Initialize,
    MessageRate,
    Reply,
    Request,
    Subscribe,
    TransportState,
    fit_reason,
    parse_message,
)

INIT = '{"type":"connection_init"}'
QUERY = {"query": "{ hello }"}


def subscribe(identifier: object = "1", **more: object) -> str:
    """Return the message that starts an operation."""
    return json.dumps({"id": identifier, "type": "subscribe", "payload": QUERY, **more})


def receive(state: TransportState, *texts: str) -> list[Request | None]:
    """Return what each of a client's messages asks for. A connection that may be acknowledged is."""
    asked: list[Request | None] = []
    for text in texts:
        asked.append(state.receive(parse_message(text)))
        if isinstance(asked[-1], Initialize):
            assert json.loads(state.acknowledge()) == {"type": "connection_ack"}
    return asked


def sent(message: str | None) -> Any:
    """Return a message's JSON."""
    return None if message is None else json.loads(message)


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        ([INIT], Initialize({})),
        (['{"type":"connection_init","payload":null}'], Initialize({})),
        (['{"type":"connection_init","payload":{"x-api-key":"k"}}'], Initialize({"x-api-key": "k"})),
        (['{"type":"ping"}'], Reply('{"type":"pong"}')),
        (['{"type":"ping","payload":{"at":1}}'], Reply('{"type":"pong","payload":{"at":1}}')),
        (['{"type":"ping","payload":null}'], Reply('{"type":"pong"}')),
        (['{"type":"pong"}'], None),
        (['{"type":"pong","payload":{"at":1}}'], None),
        ([INIT, subscribe()], Subscribe("1", QUERY)),
        ([INIT, subscribe('é"')], Subscribe('é"', QUERY)),
        ([INIT, subscribe("1"), subscribe("2")], Subscribe("2", QUERY)),
        ([INIT, subscribe(), '{"id":"1","type":"complete"}'], Complete("1")),
        ([INIT, subscribe(), '{"id":"1","type":"complete"}', subscribe()], Subscribe("1", QUERY)),
        ([INIT, '{"id":"unknown","type":"complete"}'], None),
        ([INIT, subscribe(payload={})], Subscribe("1", {})),
        ([INIT, subscribe(unknown=1)], Subscribe("1", QUERY)),
    ],
)
def test_a_message_asks_for_this(texts: Iterable[str], asked: Request | None) -> None:
    assert receive(TransportState(), *texts)[-1] == asked


@pytest.mark.parametrize(
    ("texts", "code", "reason"),
    [
        (["{"], CloseCode.MALFORMED, "The message isn't JSON"),
        ([""], CloseCode.MALFORMED, "The message isn't JSON"),
        (["[]"], CloseCode.MALFORMED, "The message is a list"),
        (['"ping"'], CloseCode.MALFORMED, "The message is a string"),
        (["{}"], CloseCode.MALFORMED, "The message has no `type`."),
        (['{"type":1}'], CloseCode.MALFORMED, "The message's `type` is a number"),
        (['{"type":"ping","type":"pong"}'], CloseCode.MALFORMED, 'The key "type" occurs more than once'),
        (['{"type":"start","id":"1"}'], CloseCode.MALFORMED, "`start` is not a type of message"),
        (['{"type":"next","id":"1","payload":{}}'], CloseCode.MALFORMED, "`next` is not a type of message"),
        (['{"type":"connection_ack"}'], CloseCode.MALFORMED, "`connection_ack` is not a type of message"),
        (['{"type":"connection_init","payload":"k"}'], CloseCode.MALFORMED, "The `payload` of `connection_init` is a"),
        (['{"type":"ping","payload":[]}'], CloseCode.MALFORMED, "The `payload` of `ping` is a list"),
        (['{"type":"pong","payload":1}'], CloseCode.MALFORMED, "The `payload` of `pong` is a number"),
        ([INIT, subscribe(None)], CloseCode.MALFORMED, "The `id` of `subscribe` is null"),
        ([INIT, subscribe(1)], CloseCode.MALFORMED, "The `id` of `subscribe` is a number"),
        ([INIT, subscribe("")], CloseCode.MALFORMED, "The `id` of `subscribe` must have 1 to 128 characters"),
        ([INIT, subscribe("i" * (MAX_ID_LENGTH + 1))], CloseCode.MALFORMED, "The `id` of `subscribe` must have"),
        ([INIT, '{"type":"complete"}'], CloseCode.MALFORMED, "The `id` of `complete` is null"),
        ([INIT, subscribe(payload=None)], CloseCode.MALFORMED, "The `payload` of `subscribe` is null"),
        ([INIT, subscribe(payload="{ hello }")], CloseCode.MALFORMED, "The `payload` of `subscribe` is a string"),
        ([subscribe()], CloseCode.UNAUTHORIZED, "Unauthorized: send `connection_init`"),
        ([INIT, subscribe(), subscribe()], CloseCode.OPERATION_EXISTS, "Subscriber for 1 already exists."),
        ([INIT, INIT], CloseCode.TOO_MANY_INITIALIZATIONS, "Too many initialisation requests"),
        ([INIT, subscribe(), INIT], CloseCode.TOO_MANY_INITIALIZATIONS, "Too many initialisation requests"),
    ],
)
def test_a_message_that_breaks_the_protocol_closes_the_connection(
    texts: Iterable[str], code: CloseCode, reason: str
) -> None:
    with pytest.raises(Closed) as caught:
        receive(TransportState(), *texts)

    assert caught.value.code == code
    assert caught.value.reason.startswith(reason)
    assert len(caught.value.reason.encode()) <= 123


def test_the_close_codes_are_those_of_the_protocol() -> None:
    own = {code.value for code in CloseCode if code >= 4000}
    assert own == {4400, 4401, 4403, 4406, 4408, 4409, 4429, 4500}


def test_an_operation_is_sent_results_until_it_is_complete() -> None:
    state = TransportState()
    receive(state, INIT, subscribe('a"b'))

    assert sent(state.next('a"b', '{"data":{"a":1}}')) == {"id": 'a"b', "type": "next", "payload": {"data": {"a": 1}}}
    assert sent(state.complete('a"b')) == {"id": 'a"b', "type": "complete"}
    assert state.next('a"b', "{}") is None
    assert state.complete('a"b') is None


def test_an_operation_with_an_error_is_over() -> None:
    state = TransportState()
    receive(state, INIT, subscribe())

    assert sent(state.error("1", '[{"message":"no"}]')) == {"id": "1", "type": "error", "payload": [{"message": "no"}]}
    assert state.next("1", "{}") is None
    assert state.error("1", "[]") is None


def test_an_operation_that_the_client_has_ended_is_sent_nothing() -> None:
    state = TransportState()
    receive(state, INIT, subscribe(), '{"id":"1","type":"complete"}')

    assert [state.next("1", "{}"), state.error("1", "[]"), state.complete("1")] == [None, None, None]


def test_operations_beyond_the_limit_are_rejected_one_by_one() -> None:
    state = TransportState(max_operations=2)
    *_, rejected = receive(state, INIT, subscribe("1"), subscribe("2"), subscribe("3"))

    assert isinstance(rejected, Reply)
    message = sent(rejected.message)
    assert (message["id"], message["type"]) == ("3", "error")
    assert message["payload"][0]["extensions"] == {"code": "TOO_MANY_OPERATIONS"}
    assert receive(state, '{"id":"3","type":"complete"}') == [None]


def test_an_operation_counts_until_it_runs_no_more() -> None:
    state = TransportState(max_operations=1)
    *_, rejected = receive(state, INIT, subscribe("1"), '{"id":"1","type":"complete"}', subscribe("2"))
    assert isinstance(rejected, Reply)

    state.release()
    assert receive(state, subscribe("2")) == [Subscribe("2", QUERY)]


@pytest.mark.parametrize(
    ("times", "pauses"),
    [
        ([0, 0, 0], [0, 0, 0]),
        ([0, 0, 0, 0], [0, 0, 0, 0.5]),
        ([0, 0, 0, 0, 0], [0, 0, 0, 0.5, 1]),
        ([0, 0, 0, 0.5], [0, 0, 0, 0]),
        ([0, 0, 0, 100, 100, 100, 100], [0, 0, 0, 0, 0, 0, 0.5]),
    ],
)
def test_a_client_may_send_some_messages_at_once_and_then_as_many_per_second(
    times: list[float], pauses: list[float]
) -> None:
    rate = MessageRate(at_once=3, per_second=2)
    assert [rate.pause(now) for now in times] == pytest.approx(pauses)


@pytest.mark.parametrize(
    ("reason", "fitted"),
    [
        ("short", "short"),
        ("x" * 123, "x" * 123),
        ("x" * 124, "x" * 120 + "…"),
        ("æ" * 62, "æ" * 60 + "…"),
        ("x" + "æ" * 61, "x" + "æ" * 61),
        ("xx" + "æ" * 61, "xx" + "æ" * 59 + "…"),
    ],
)
def test_a_reason_fits_into_a_close_frame(reason: str, fitted: str) -> None:
    assert fit_reason(reason) == fitted
    assert len(fitted.encode()) <= 123
