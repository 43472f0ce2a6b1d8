"""Subscriptions: what they follow, the responses to events, and what is rejected before they begin."""

from typing import Any, cast

import pytest
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema
from structlog.testing import capture_logs

from app.engine.execution import Engine, Subscribed
from app.engine.plans import Plans
from app.engine.request_errors import RequestError, RequestErrorCode
from tests.engine.toy_plans import ToyEventPlan, ToyPlanner
from tests.support.toy import LIMITS

SDL = """
type Query { hello: String }
type Subscription { ticks(every: Int, only: [Int!]): Tick! }
type Tick { number: Int! double: Int refused: String parts(first: Int = 1): [Tick!]! }
"""


def _subscribe(_root: object, _info: object, **arguments: Any) -> dict[str, Any]:
    if arguments.get("every", 1) < 1:
        msg = "every: must be positive."
        raise GraphQLError(msg, extensions={"code": "TOO_OFTEN"})
    return arguments


def _event(event: int, _info: object, **_arguments: object) -> int:
    return event


def _double(tick: int, _info: object) -> int:
    return 2 * tick


def _parts(tick: int, _info: object, first: int) -> list[int]:
    return [tick] * first


def _refused(_tick: object, _info: object) -> None:
    msg = "Not this one."
    raise GraphQLError(msg, extensions={"code": "FORBIDDEN"})


def _schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    ticks = cast("GraphQLObjectType", schema.subscription_type).fields["ticks"]
    ticks.subscribe, ticks.resolve = _subscribe, _event
    fields = cast("GraphQLObjectType", schema.type_map["Tick"]).fields
    fields["number"].resolve, fields["double"].resolve = _event, _double
    fields["refused"].resolve, fields["parts"].resolve = _refused, _parts
    return schema


ENGINE = Engine(_schema(), LIMITS, cache_size=10)


async def subscribed(text: str, variables: dict[str, Any] | None = None) -> Subscribed:
    """Begin the only operation of a text."""
    return await ENGINE.subscribe(ENGINE.prepare(text).select(None), variables or {}, None)


async def rejected(text: str, variables: dict[str, Any] | None = None) -> RequestError:
    """Return the error of a subscription that can't begin."""
    with pytest.raises(RequestError) as caught:
        await subscribed(text, variables)
    return caught.value


async def test_a_subscription_follows_what_its_arguments_say() -> None:
    found = await subscribed("subscription($n: Int = 2) {ticks(every: $n, only: [3]) {number}}", {})

    assert found.source == {"every": 2, "only": [3]}


async def test_each_event_has_its_own_response() -> None:
    found = await subscribed("subscription {ticks {number twice: double}}")

    results = await ENGINE.respond(found, [1, 2], None)

    assert [result.data for result in results] == [
        {"ticks": {"number": 1, "twice": 2}},
        {"ticks": {"number": 2, "twice": 4}},
    ]
    assert [result.errors for result in results] == [None, None]


async def test_the_error_of_a_field_leaves_the_others() -> None:
    found = await subscribed("subscription {ticks {number refused}}")

    (result,) = await ENGINE.respond(found, [1], None)

    assert result.data == {"ticks": {"number": 1, "refused": None}}
    assert [error.path for error in result.errors or ()] == [["ticks", "refused"]]


async def responses_of(plan: ToyEventPlan | None, text: str, **variables: object) -> list[Any]:
    """Return what is responded to two events of a planned subscription, in data."""
    planner = ToyPlanner(None, event_plan=plan)
    engine = Engine(_schema(), LIMITS, cache_size=10, plans=Plans(planner, (ConnectionError,)))
    found = await engine.subscribe(engine.prepare(text).select(None), variables, None)
    first = [result.data for result in await engine.respond(found, [1, 2], None)]
    assert [result.data for result in await engine.respond(found, [1, 2], None)] == first
    assert len(planner.asked) <= 1
    return first


async def test_a_plan_responds_to_all_events_at_once() -> None:
    text = "subscription($on: Boolean!) {ticks {number @include(if: $on)}}"

    assert await responses_of(ToyEventPlan(), text, on=True) == [{"planned": 1, "on": True}, {"planned": 2, "on": True}]


@pytest.mark.parametrize("plan", [None, ToyEventPlan(responds=False), ToyEventPlan(ValueError("a secret"))])
async def test_without_the_response_of_a_plan_each_event_is_executed(plan: ToyEventPlan | None) -> None:
    text = "subscription {ticks {number}}"

    with capture_logs() as lines:
        assert await responses_of(plan, text) == [{"ticks": {"number": 1}}, {"ticks": {"number": 2}}]
    has_failed = plan is not None and plan.failure is not None
    assert [(line["event"], line["error"]) for line in lines] == [("plan_failed", "ValueError")] * (2 * has_failed)
    assert "secret" not in str(lines)


async def test_a_null_switch_is_left_to_graphql_core() -> None:
    text = "subscription($on: Boolean = true) {ticks {number @include(if: $on)}}"

    assert await responses_of(ToyEventPlan(), text, on=None) == [None, None]


async def test_a_failure_that_execution_would_only_repeat_is_raised() -> None:
    with pytest.raises(ConnectionError):
        await responses_of(ToyEventPlan(ConnectionError()), "subscription {ticks {number}}")


async def test_events_that_are_answered_together_count_together() -> None:
    asked: list[tuple[int, int]] = []

    def begin(_context: object, values: int, items: int, /, *, is_query: bool) -> None:
        assert is_query
        asked.append((values, items))

    engine = Engine(_schema(), LIMITS, cache_size=10, begin=begin)
    operation = engine.prepare("subscription {ticks {parts(first: 4) {number}}}").select(None)
    found = await engine.subscribe(operation, {}, None)
    await engine.respond(found, [1, 2, 3], None)

    assert asked == [(3 * found.checked.values, 0)]
    assert found.checked.values >= 8


async def test_an_argument_that_the_field_rejects_rejects_the_subscription() -> None:
    error = await rejected("subscription($n: Int) {ticks(every: $n) {number}}", {"n": 0})

    assert [(one.path, (one.extensions or {})["code"]) for one in error.errors] == [(["ticks"], "TOO_OFTEN")]


@pytest.mark.parametrize(
    ("text", "variables", "kind"),
    [
        ("subscription($n: Int!) {ticks(every: $n) {number}}", {}, RequestErrorCode.VARIABLES),
        ("subscription($n: Int) {ticks(every: $n) {number}}", {"n": "1"}, RequestErrorCode.VARIABLES),
        (
            "subscription($n: Int) {ticks {parts(first: $n) {parts(first: 500) {number}}}}",
            {"n": 500},
            RequestErrorCode.TOO_COMPLEX,
        ),
    ],
)
async def test_limits_and_variables_are_checked_before_a_subscription_begins(
    text: str, variables: dict[str, Any], kind: RequestErrorCode
) -> None:
    assert (await rejected(text, variables)).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "subscription {ticks {number} more: ticks {number}}",
        "subscription {...all} fragment all on Subscription {ticks {number} more: ticks {number}}",
        "subscription {__typename}",
        "subscription($on: Boolean!) {ticks @include(if: $on) {number}}",
    ],
)
def test_a_subscription_has_one_root_field(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        ENGINE.prepare(text)

    assert caught.value.kind is RequestErrorCode.VALIDATION


async def test_a_subscription_is_not_run_like_a_query() -> None:
    with pytest.raises(RequestError) as caught:
        await ENGINE.run(ENGINE.prepare("subscription {ticks {number}}").select(None), {}, None)

    assert caught.value.kind is RequestErrorCode.UNSUPPORTED
    assert "Accept: text/event-stream" in caught.value.errors[0].message
