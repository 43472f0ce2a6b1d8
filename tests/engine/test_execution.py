"""The engine runs operations: what comes back, and what is rejected before anything runs."""

from typing import Any

import pytest
from graphql import ExecutionResult

from app.engine.request_errors import RequestError, RequestErrorCode
from tests.support.toy import ToyContext, toy_engine

KILLER = "{things(first:99){nodes{friends(first:99){nodes{friends(first:99){nodes{friends(first:99){nodes{friends{totalCount}}}}}}}}}}"


async def run(text: str, variables: dict[str, Any] | None = None) -> ExecutionResult:
    """The result of the only operation of a text."""
    engine = toy_engine()
    outcome = await engine.run(engine.prepare(text).select(None), variables or {}, ToyContext())
    assert isinstance(outcome.answer, ExecutionResult)
    return outcome.answer


async def test_an_operation_runs_with_its_variables_and_context() -> None:
    result = await run("query($name: String){hello(name: $name) things{nodes{name}}}", {"name": "Åse"})

    assert result == ExecutionResult({"hello": "Hello Åse", "things": {"nodes": [{"name": "Å 🏊"}]}})


async def test_an_error_of_a_field_leaves_the_other_fields() -> None:
    result = await run("{refused hello}")

    assert result.data == {"refused": None, "hello": "Hello you"}
    assert [error.path for error in result.errors or []] == [["refused"]]


async def test_a_failed_root_field_that_may_not_be_null_is_a_result_without_data() -> None:
    result = await run("{nothing}")

    assert result.data is None
    assert result.errors


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($value: Int!){bound(value: $value)}", {}),
        ("query($value: Int!){bound(value: $value)}", {"value": None}),
        ("query($value: Int!){bound(value: $value)}", {"value": "1"}),
        ("query($value: Int!){bound(value: $value)}", {"value": 2**31}),
        ("query($filter: Filter){things(filter: $filter){totalCount}}", {"filter": {"other": 1}}),
        ("query($filter: Filter){things(filter: $filter){totalCount}}", {"filter": {"AND": [{"AND": 3}]}}),
    ],
)
async def test_a_variable_that_does_not_fit_is_rejected_before_anything_runs(
    text: str, variables: dict[str, Any]
) -> None:
    with pytest.raises(RequestError) as caught:
        await run(text, variables)

    assert caught.value.kind is RequestErrorCode.VARIABLES
    (error,) = caught.value.errors
    assert (error.extensions or {})["problems"][0]["message"] == error.message


async def test_all_problems_with_variables_are_told_without_running_the_operation() -> None:
    engine, text = (
        toy_engine(),
        "query($value: Int!, $filter: Filter){bound(value: $value) things(filter: $filter){totalCount}}",
    )
    operation = engine.prepare(text).select(None)

    with pytest.raises(RequestError) as caught:
        await run(text, {"value": "1", "filter": {"other": 1}})

    assert await engine.checks.problems(operation, {"value": 1, "filter": {}}) == []
    problems = await engine.checks.problems(operation, {"value": "1", "filter": {"other": 1}})
    assert [problem["path"] for problem in problems] == [["value"], ["filter", "other"]]
    assert problems == (caught.value.errors[0].extensions or {})["problems"]


async def test_more_rows_than_the_limit_are_rejected_with_both_figures() -> None:
    with pytest.raises(RequestError) as caught:
        await run("query($n: Int){things(first: 500){nodes{parts(first: $n){id}}}}", {"n": 249})
    assert caught.value.kind is RequestErrorCode.TOO_COMPLEX
    assert caught.value.errors[0].message == (
        "The operation asks for up to 125,000 rows; the limit is 100,000. Ask for fewer with `first`."
    )


async def test_as_many_rows_as_the_limit_are_served() -> None:
    result = await run("query($n: Int){things(first: 500){nodes{parts(first: $n){id}}}}", {"n": 199})

    assert result.errors is None


async def test_a_tiny_query_of_nested_lists_is_rejected() -> None:
    assert len(KILLER) <= 126

    with pytest.raises(RequestError, match="more than 1,000,000,000 rows"):
        await run(KILLER)
