"""Variables of operations, drawn at random or nested deeply."""

from typing import Any

from graphql import parse_type, type_from_ast  # pyright: ignore[reportUnknownVariableType] - open wrappers
from hypothesis import strategies as st

from tests.support.input_values import SCHEMA, Drawn, input_types, written

WRAPPED = ("{}", "{}!", "[{}]", "[{}!]!", "[[{}]!]", "[[{}!]!]!")


@st.composite
def asked(draw: Any) -> tuple[str, dict[str, Any]]:
    """The definitions of some variables, and what a request gives for them."""
    definitions: list[str] = []
    values: dict[str, Any] = {}
    for place in range(draw(st.integers(1, 4))):
        text = draw(st.sampled_from(WRAPPED)).format(draw(st.sampled_from(input_types())))
        kind = type_from_ast(SCHEMA, parse_type(text))
        default = ""
        if draw(st.booleans()):
            default = f" = {written(Drawn(draw, in_document=True, odd=False).value(kind))}"
        definitions.append(f"$v{place}: {text}{default}")
        if draw(st.integers(0, 3)):
            values[f"v{place}"] = Drawn(draw).value(kind)
    if draw(st.integers(0, 5)) == 0:
        values["unknown"] = 1
    return ", ".join(definitions), values


def nested(depth: int) -> dict[str, Any]:
    """A filter that holds as many others."""
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"not": found}
    return found
