"""Plans: which operations they answer, what happens when they can't, and how long they are remembered."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from graphql import ExecutionResult
from structlog.testing import capture_logs

from app.engine.execution import Engine, Outcome
from app.engine.plans import Execution, Plan, Plans
from app.engine.request_errors import RequestError, RequestErrorCode
from tests.engine.toy_plans import BODY, ToyPlan, ToyPlanner
from tests.support.toy import LIMITS, SCHEMA, ToyContext, toy_engine


class PrivateError(Exception):
    """What a driver might raise: its message quotes a customer's data."""

    sqlstate = "22P02"


def planning_engine(planner: ToyPlanner, *, documents: int = 10, max_requested_rows: int = 100_000) -> Engine:
    """An engine over the toy schema that asks this planner."""
    limits = replace(LIMITS, max_requested_rows=max_requested_rows)
    return Engine(SCHEMA, limits, cache_size=documents, plans=Plans(planner))


async def run(
    engine: Engine, text: str, variables: Mapping[str, Any] | None = None, context: ToyContext | None = None
) -> Outcome:
    """The outcome of the only operation of a text."""
    return await engine.run(engine.prepare(text).select(None), variables or {}, context or ToyContext())


async def test_the_bytes_of_a_plan_are_the_answer_and_nothing_else_runs() -> None:
    plan, context = ToyPlan(BODY), ToyContext()
    text = 'query($name: String = "Åse"){hello(name: $name)}'

    outcome = await run(planning_engine(ToyPlanner(plan)), text, context=context)

    assert outcome == (BODY, Execution.PLANNED)
    assert plan.runs == [({"name": "Åse"}, context)]
    assert context.statements == 0


@pytest.mark.parametrize("plan", [None, ToyPlan(None)], ids=["no plan", "a plan without an answer"])
async def test_where_a_plan_has_no_answer_the_operation_is_executed_by_its_fields(plan: Plan | None) -> None:
    context = ToyContext()

    outcome = await run(planning_engine(ToyPlanner(plan)), "{hello}", context=context)

    assert outcome == (ExecutionResult({"hello": "Hello you"}), Execution.FIELDS)
    assert context.statements == 1


@pytest.mark.parametrize(
    "failure", [PrivateError("the secret"), TimeoutError(), AssertionError("the secret"), RecursionError()]
)
async def test_a_plan_that_fails_is_logged_without_its_message_and_execution_follows(
    failure: Exception,
) -> None:
    with capture_logs() as lines:
        outcome = await run(planning_engine(ToyPlanner(ToyPlan(failure))), "{hello refused}")

    assert outcome.execution is Execution.REPEATED
    assert isinstance(outcome.answer, ExecutionResult)
    assert outcome.answer.data == {"hello": "Hello you", "refused": None}
    assert [error.message for error in outcome.answer.errors or ()] == ["You may not see this."]
    assert lines == [
        {
            "event": "plan_failed",
            "log_level": "warning",
            "error": type(failure).__name__,
            "state": getattr(failure, "sqlstate", None),
        }
    ]


async def test_a_failure_that_executing_would_only_meet_again_is_final() -> None:
    plans = Plans(ToyPlanner(ToyPlan(PrivateError())), (PrivateError,))
    engine = Engine(SCHEMA, LIMITS, cache_size=10, plans=plans)
    with capture_logs() as lines, pytest.raises(PrivateError):
        await run(engine, "{hello}")
    assert lines == []


async def test_a_plan_that_failed_is_tried_again_for_the_next_request() -> None:
    plan = ToyPlan(PrivateError())
    engine = planning_engine(ToyPlanner(plan))
    with capture_logs():
        await run(engine, "{hello}")
    plan.answers = BODY

    assert await run(engine, "{hello}") == (BODY, Execution.PLANNED)


@pytest.mark.parametrize("ending", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit()])
async def test_what_ends_the_task_ends_it_in_a_plan_too(ending: BaseException) -> None:
    context = ToyContext()

    with capture_logs() as lines, pytest.raises(type(ending)):
        await run(planning_engine(ToyPlanner(ToyPlan(ending))), "{hello}", context=context)

    assert (context.statements, lines) == (0, [])


@pytest.mark.parametrize(
    "text", ['mutation{rename(name: "x")}', 'mutation($on: Boolean!){rename(name: "x") @include(if: $on)}']
)
async def test_a_mutation_is_never_planned(text: str) -> None:
    planner = ToyPlanner(ToyPlan(BODY))

    outcome = await run(planning_engine(planner), text, {"on": True})

    assert outcome == (ExecutionResult({"rename": "x"}), Execution.FIELDS)
    assert planner.asked == []


SWITCHED = "query($on: Boolean!, $off: Boolean = false, $name: String){hello(name: $name) @include(if: $on) again: hello @skip(if: $off)}"


async def test_the_planner_is_asked_once_for_each_set_of_values_of_skip_and_include() -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    engine = planning_engine(planner)

    for on, off in [(True, False), (False, False), (True, True)] * 2:
        for name in ("a", "b", None):
            assert (await run(engine, SWITCHED, {"on": on, "off": off, "name": name})).execution is Execution.PLANNED
    # The default's value is one of those.
    await run(engine, SWITCHED, {"on": True})

    assert [(variables["on"], variables["off"]) for _, variables in planner.asked] == [
        (True, False),
        (False, False),
        (True, True),
    ]


async def test_that_there_is_no_plan_is_remembered_too() -> None:
    planner = ToyPlanner(None)
    engine = planning_engine(planner)

    for _ in range(3):
        await run(engine, "{hello}")

    assert planner.asked == [(None, {})]


async def test_each_operation_of_a_document_has_a_plan_of_its_own() -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    engine = planning_engine(planner)
    document = engine.prepare("query a($x: Int){things(first: $x){totalCount}} query b{hello}")

    for name in ("a", "b", "a", "b"):
        await engine.run(document.select(name), {}, ToyContext())

    assert [name for name, _ in planner.asked] == ["a", "b"]


@pytest.mark.parametrize("directive", ["skip", "include"])
async def test_null_for_what_skip_or_include_looks_at_is_left_to_the_fields(directive: str) -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    # A nullable variable is allowed here for its default, and null may be given all the same.
    text = f"query($on: Boolean = true){{things{{totalCount @{directive}(if: $on)}}}}"

    with_plans = await run(planning_engine(planner), text, {"on": None})
    without_plans = await run(toy_engine(), text, {"on": None})

    assert planner.asked == []
    assert with_plans.execution is Execution.FIELDS
    assert isinstance(without_plans.answer, ExecutionResult)
    assert without_plans.answer.errors
    assert with_plans == without_plans


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("query($value: Int!){bound(value: $value)}", {}),
    ("query($value: Int!){bound(value: $value)}", {"value": "1"}),
    ("query($value: Int!){bound(value: $value)}", {"value": 2**31}),
    ("query($value: Int!, $name: String){bound(value: $value) hello(name: $name)}", {"name": 1}),
    ("query($on: Boolean!){hello @include(if: $on)}", {"on": "true"}),
    ("query($filter: Filter){things(filter: $filter){totalCount}}", {"filter": {"other": 1}}),
    ("query($filter: Filter){things(filter: $filter){totalCount}}", {"filter": {"AND": [{"AND": 3}]}}),
    ("query($n: Int){things(first: 500){nodes{parts(first: $n){id}}}}", {"n": 249}),
    ("query($n: Int = 249){things(first: 500){nodes{parts(first: $n){id}}}}", {}),
]


async def rejection_of(engine: Engine, text: str, variables: dict[str, Any]) -> tuple[RequestErrorCode, list[str]]:
    """How an operation is refused."""
    with pytest.raises(RequestError) as caught:
        await run(engine, text, variables)
    return caught.value.kind, [str(error) for error in caught.value.errors]


@pytest.mark.parametrize(("text", "variables"), REFUSED)
async def test_what_is_rejected_without_plans_is_rejected_in_the_same_words_with_them(
    text: str, variables: dict[str, Any]
) -> None:
    planner = ToyPlanner(ToyPlan(BODY))

    assert await rejection_of(planning_engine(planner), text, variables) == await rejection_of(
        toy_engine(), text, variables
    )
    assert planner.asked == []


async def test_a_planned_operation_may_ask_for_as_many_rows_as_any() -> None:
    engine = planning_engine(ToyPlanner(ToyPlan(BODY)), max_requested_rows=1_000)
    text = "query($n: Int){things(first: 1){nodes{parts(first: $n){id}}}}"

    assert (await run(engine, text, {"n": 999})).execution is Execution.PLANNED
    assert (await rejection_of(engine, text, {"n": 1_000}))[0] is RequestErrorCode.TOO_COMPLEX


async def test_plans_are_forgotten_with_their_documents() -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    engine = planning_engine(planner, documents=3)

    # The first is used each time, so it is never the one that was used least.
    for name in ["a", "b", "a", "c", "a", "d", "a", "c", "d"]:
        await run(engine, f"query {name} {{hello}}")
    assert [name for name, _ in planner.asked] == ["a", "b", "c", "d"]

    await run(engine, "query b {hello}")
    await run(engine, "query a {hello}")
    assert [name for name, _ in planner.asked] == ["a", "b", "c", "d", "b", "a"]


async def test_an_operation_keeps_few_plans_however_many_switches_it_has() -> None:
    planner = ToyPlanner(ToyPlan(BODY))
    engine = planning_engine(planner)
    names = ("a", "b", "c")
    declared, fields = (
        " ".join(template.format(name) for name in names)
        for template in ("${0}: Boolean!", "{0}: hello @include(if: ${0})")
    )
    values = [dict[str, Any](zip(names, bits, strict=True)) for bits in product((True, False), repeat=3)]

    for variables in values:
        await run(engine, f"query({declared}) {{hello {fields}}}", variables)
    for variables in reversed(values):
        await run(engine, f"query({declared}) {{hello {fields}}}", variables)

    asked = [variables for _, variables in planner.asked]
    assert asked == [*values, *reversed(values[:4])]
