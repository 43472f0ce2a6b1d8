"""Log lines as JSON: no value keeps a line from being written."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg.pgproto.pgproto
import orjson
import pytest

from app.web.log_lines import failure_line, to_line

AT = datetime(2026, 2, 1, 12, 30, 0, 5, UTC)
CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


class Unspeakable:
    """Something that can't even be text."""

    def __str__(self) -> str:
        raise ValueError


DriversOwn: Any = asyncpg.pgproto.pgproto.UUID
ODD: Mapping[str, tuple[object, object]] = {
    "the driver's own type": (DriversOwn(bytes(15) + b"\x03"), "00000000-0000-0000-0000-000000000003"),
    "bytes": (b"x", "b'x'"),
    "an exception": (ValueError("wrong"), "wrong"),
    "a type": (dict, "<class 'dict'>"),
    "no text": (Unspeakable(), "<Unspeakable>"),
    "no text as a key": ({Unspeakable(): 1, 2: UUID(int=3)}, {"<Unspeakable>": 1, "2": str(UUID(int=3))}),
    "a very long integer": ([1 << 70, -1], [str(1 << 70), -1]),
    "half of a surrogate pair": ({"\udc00": "a\ud800"}, {"\\udc00": "a\\ud800"}),
}


@pytest.mark.logs_odd_values
@pytest.mark.parametrize(("value", "said"), ODD.values(), ids=ODD.keys())
def test_a_value_that_json_can_not_say_is_said_as_text_and_the_rest_stays(value: object, said: object) -> None:
    line = to_line({"event": "odd", "value": value, "id": UUID(int=1), "timestamp": AT})
    assert line.count(b"\n") == 1
    assert orjson.loads(line) == {
        "event": "odd",
        "value": said,
        "id": "00000000-0000-0000-0000-000000000001",
        "timestamp": "2026-02-01T12:30:00.000005Z",
    }


@pytest.mark.logs_odd_values
def test_what_holds_itself_or_nests_without_end_is_cut() -> None:
    deep: list[object] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    for value in (CIRCLE, deep):
        line = to_line({"event": "deep", "value": value})
        assert json.loads(line)["event"] == "deep"


@pytest.mark.logs_odd_values
def test_a_line_that_can_not_be_made_is_replaced_by_one_that_says_so() -> None:
    line = json.loads(failure_line(Unspeakable(), "error", ValueError("wrong")))
    assert (line["event"], line["level"], line["log_failure"]) == ("<Unspeakable>", "error", "wrong")
