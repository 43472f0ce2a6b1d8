"""The one way in which JSON is written: compact, in UTF-8, and stored objects as they were stored."""

import json
from collections.abc import Awaitable
from enum import StrEnum
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.stored_json import StoredJson, stored_json
from app.web.answers import Answer, to_json


class Code(StrEnum):
    """As codes of errors are."""

    FORBIDDEN = "FORBIDDEN"


STORED = [
    '{"size": 5.0, "big": 123456789012345678901234567890, "tiny": 1e-400}',
    '{"exact": 0.1000000000000000055511151231257827021181583404541015625, "minus": -0.0}',
    '{"text": "Å 🏊 \\"quoted\\" \\\\ \\u0001", "yes": true, "nothing": null}',
    "{}",
]


@pytest.mark.parametrize("text", STORED)
def test_a_stored_object_keeps_its_text_digit_by_digit_wherever_it_stands(text: str) -> None:
    stored = stored_json(text)
    assert isinstance(stored, StoredJson)

    assert to_json(stored) == text.encode()
    assert to_json({"a": [stored, {"b": stored}], "c": 1}) == f'{{"a":[{text},{{"b":{text}}}],"c":1}}'.encode()


@pytest.mark.parametrize("text", STORED)
def test_a_stored_object_keeps_its_text_beside_an_integer_of_more_than_64_bits(text: str) -> None:
    assert to_json({"a": stored_json(text), "b": 2**70}) == f'{{"a":{text},"b":{2**70}}}'.encode()


@pytest.mark.parametrize("text", ["5", '"x"', "null", "[1, 2]", "true"])
def test_what_is_stored_and_no_object_is_a_plain_value(text: str) -> None:
    assert to_json(stored_json(text)) == json.dumps(json.loads(text), separators=(",", ":")).encode()


_texts = st.text(st.characters(exclude_categories=["Cs"]))
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts | st.just(Code.FORBIDDEN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=10,
)


@given(_values)
def test_everything_else_is_the_compact_json_of_it_integers_of_any_length_too(value: object) -> None:
    assert to_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_read_back_as_the_same_number(value: float) -> None:
    assert json.loads(to_json([value])) == [value]


@pytest.mark.parametrize("integer", [2**53 + 1, 2**63, 2**64, 2**64 - 1, -(2**63) - 1, 10**300])
def test_an_integer_of_more_than_64_bits_is_written_in_full(integer: int) -> None:
    # What is compact stays so, in whichever way it is written.
    assert to_json({"a": [integer, "Å"]}) == f'{{"a":[{integer},"Å"]}}'.encode()


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\udc00\ud800"])
@pytest.mark.parametrize("where", ["value", "key", "beside a long integer"])
def test_what_utf_8_can_not_say_is_an_error(text: str, where: str) -> None:
    values: dict[str, object] = {"value": {"a": text}, "key": {text: 1}, "beside a long integer": [text, 2**70]}

    with pytest.raises(UnicodeEncodeError):
        to_json(values[where])


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", {"a": [1j]}])
def test_what_json_can_not_say_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        to_json(value)


def test_an_enumeration_s_member_is_its_text() -> None:
    assert to_json({"code": Code.FORBIDDEN, Code.FORBIDDEN: 1}) == b'{"code":"FORBIDDEN","FORBIDDEN":1}'


async def test_an_answer_is_sent_whole_with_its_length_and_never_to_be_cached() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    body = '{"data":"Å"}'.encode()
    await cast("Awaitable[None]", Answer(503, body, "text/x", (("retry-after", "2"),)).send(send))

    headers = dict(sent[0].pop("headers"))
    assert headers == {
        b"content-type": b"text/x; charset=utf-8",
        b"content-length": str(len(body)).encode(),
        b"cache-control": b"no-store",
        b"retry-after": b"2",
    }
    assert sent == [{"type": "http.response.start", "status": 503}, {"type": "http.response.body", "body": body}]
