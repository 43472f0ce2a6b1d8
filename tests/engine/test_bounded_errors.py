"""However many fields fail, an answer lists a bounded number of errors and says how many more there are."""

import tracemalloc
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, build_schema

from app.engine.execution import Engine
from app.engine.executors import MOST_ERRORS
from app.scheduling import portions
from tests.support.thorough import examples
from tests.support.toy import LIMITS

SCHEMA = build_schema("""
    type Query { rows: [Row]! one: String! }
    type Row { refused: String needed: String! below: Below }
    type Below { needed: String! }
""")


class Away(Exception):
    """Something that the answer depends on is away."""


def _refused(_row: object, _info: object, **_arguments: object) -> str:
    msg = "That is no good."
    raise GraphQLError(msg, extensions={"code": "FORBIDDEN"})


async def _needed(row: int, _info: object) -> str:
    if row == 299:
        raise Away
    return _refused(row, _info)


def engine(rows: int) -> Engine:
    """An engine whose every field fails, for this many rows."""

    def below(row: int, _info: object) -> int:
        return row

    def numbers(_root: object, _info: object) -> range:
        return range(rows)

    resolvers: dict[str, Any] = {"refused": _refused, "needed": _needed, "below": below}
    for kind in ("Row", "Below"):
        shown = SCHEMA.type_map[kind]
        assert isinstance(shown, GraphQLObjectType)
        for name, field in shown.fields.items():
            field.resolve = resolvers[name]
    query = SCHEMA.query_type
    assert query is not None
    query.fields["rows"].resolve = numbers
    query.fields["one"].resolve = _refused
    return Engine(SCHEMA, LIMITS, cache_size=1)


async def answer(query: str, rows: int) -> ExecutionResult:
    """The answer to a query of so many rows."""
    found = engine(rows)
    result = (await found.run(found.prepare(query).select(None), {}, None)).answer
    assert isinstance(result, ExecutionResult)
    return result


async def test_as_many_errors_as_are_listed_are_all() -> None:
    result = await answer("{ rows { refused } }", MOST_ERRORS)

    assert result.data == {"rows": [{"refused": None}] * MOST_ERRORS}
    assert [error.path for error in result.errors or ()] == [["rows", row, "refused"] for row in range(MOST_ERRORS)]


@pytest.mark.parametrize(
    ("query", "row", "path"),
    [
        ("{ rows { refused } }", {"refused": None}, ["refused"]),
        ("{ rows { below { needed } } }", {"below": None}, ["below", "needed"]),
        ("{ rows { needed } }", None, ["needed"]),
    ],
)
@pytest.mark.parametrize("milliseconds", [0, 1], ids=["an idle machine", "a busy machine"])
async def test_more_errors_are_counted_in_one_that_says_so(
    monkeypatch: pytest.MonkeyPatch, query: str, row: object, path: list[str], milliseconds: int
) -> None:
    # Where each look at the clock is later than the one before, objects wait for their turns and overtake each other.
    looks = count()
    monkeypatch.setattr(portions, "time", SimpleNamespace(monotonic=lambda: next(looks) * milliseconds / 1_000))
    result = await answer(query, 250)

    assert result.data == {"rows": [row] * 250}
    *listed, last = result.errors or []
    assert len({str(error.path) for error in listed}) == len(listed) == MOST_ERRORS
    assert all(error.path in [["rows", number, *path] for number in range(250)] for error in listed)
    assert (last.message, last.path, last.extensions) == (
        "There are 150 more errors; only the first 100 are listed.",
        None,
        {"code": "MORE_ERRORS", "omittedErrors": 150},
    )


async def test_a_failure_unlike_those_before_it_is_listed_after_them() -> None:
    result = await answer("{ rows { needed } }", 300)

    *_, failure, last = result.errors or []
    assert (type(failure.original_error), failure.path) == (Away, ["rows", 299, "needed"])
    assert last.extensions == {"code": "MORE_ERRORS", "omittedErrors": 199}


async def test_an_error_beyond_the_listed_ones_still_nulls_all_that_may_not_be_null() -> None:
    result = await answer("{ rows { refused } one }", 150)

    assert result.data is None
    *listed, last = result.errors or []
    assert len(listed) == MOST_ERRORS
    assert last.extensions == {"code": "MORE_ERRORS", "omittedErrors": 51}


async def test_errors_that_are_not_listed_take_no_memory() -> None:
    rows = examples(1_000)
    aliases = " ".join(f"a{number}: refused" for number in range(40))
    await answer(f"{{ rows {{ {aliases} }} }}", 10)

    tracemalloc.start()
    try:
        result = await answer(f"{{ rows {{ {aliases} }} }}", rows)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (result.errors or [])[-1].extensions == {"code": "MORE_ERRORS", "omittedErrors": rows * 40 - MOST_ERRORS}
    # A value takes 75 bytes; an error took 1,500.
    assert most < rows * 40 * 250
