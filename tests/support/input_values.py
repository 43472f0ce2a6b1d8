"""Strategies for values of the schema's inputs: mostly valid, at times invalid."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull
from graphql import is_input_type as takes_input  # pyright: ignore[reportUnknownVariableType] - open wrappers
from hypothesis import strategies as st

from app.graphql.schema import executable, schema

SCHEMA = executable(schema)
Draw = Callable[[st.SearchStrategy[Any]], Any]

_DEEPEST = 3
_TEXTS = ("", "x", "5", "Å 🏊", "2026-02-28", "0198c2f0-0000-7000-8000-000000000001")
_FITTING: dict[str, tuple[Any, ...]] = {
    "String": _TEXTS,
    "ID": (*_TEXTS, 5, 0),
    "Int": (0, 1, -1, 2**31 - 1, -(2**31)),
    "Boolean": (True, False),
    "Decimal": ("1.50", "+.5", "-0", 3, 1.5, 2**70),
    "Date": ("2026-02-28", "0001-01-01"),
    "DateTime": ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000001+02:00"),
    "Metadata": ({}, {"b": "x", "a": 1}, {"a": True}),
    "MetadataValue": ("x", 5, 5.0, True, 2**70),
    "JSON": (None, 1, [1, {"a": None}], "x"),
    "federation__FieldSet": _TEXTS,
    "federation__Scope": _TEXTS,
    "link__Import": _TEXTS,
    "_Any": (
        {"__typename": "Customer", "id": _TEXTS[-1]},
        {"__typename": "CustomerGroup", "number": "1", "x": [1.5, None]},
    ),
}
_ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(_TEXTS),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


class Token(str):
    """Text that a document holds unquoted: an enumeration's value, or a variable."""

    __slots__ = ()


@dataclass(slots=True)
class Drawn:
    """Draws values; in a document, some of their parts are variables, whose types are kept by name."""

    draw: Draw
    in_document: bool = False
    odd: bool = True
    """Whether some values are invalid."""
    has_variables: bool = False
    variables: dict[str, Any] = field(default_factory=dict[str, Any])

    def one_in(self, number: int) -> bool:
        """Return whether a random event happens that has one chance in this many."""
        return self.draw(st.integers(1, number)) == number

    def value(self, kind: Any, depth: int = 0) -> Any:
        """Return a value for a type: JSON, or what `written` accepts."""
        if self.has_variables and self.one_in(3):
            name = f"v{len(self.variables)}"
            self.variables[name] = kind
            return Token(f"${name}")
        if self.odd and self.one_in(20):
            return self.draw(_ODD)
        if isinstance(kind, GraphQLNonNull):
            return self._given(cast("Any", kind).of_type, depth)
        return None if self.one_in(8) else self._given(kind, depth)

    def _given(self, kind: Any, depth: int) -> Any:
        if isinstance(kind, GraphQLList):
            of_type = cast("Any", kind).of_type
            # One item may be given for a list of one.
            if self.one_in(8):
                return self.value(of_type, depth)
            return [self.value(of_type, depth) for _ in range(self.draw(st.integers(0, 2)))]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, depth)
        if isinstance(kind, GraphQLEnumType):
            name = self.draw(st.sampled_from(list(kind.values)))
            return Token(name) if self.in_document else name
        return self.draw(st.sampled_from(_FITTING[kind.name]))

    def _object(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        types: dict[str, Any] = {name: field.type for name, field in kind.fields.items()}
        names = list(types)
        if kind.is_one_of:
            chosen = {self.draw(st.sampled_from(names))}
        else:
            most = 0 if depth >= _DEEPEST else 3
            required = {name for name, type_ in types.items() if isinstance(type_, GraphQLNonNull)}
            chosen = required | self.draw(st.sets(st.sampled_from(names), max_size=most))
        if self.odd and self.one_in(10):
            chosen ^= self.draw(st.sets(st.sampled_from([*names, "unknown"]), max_size=2))
        return {name: self.value(types.get(name, SCHEMA.type_map["Int"]), depth + 1) for name in sorted(chosen)}


@contextmanager
def built_by_strawberry() -> Generator[None]:
    """Let Strawberry build inputs itself, without the builders of the schema."""
    kinds = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    builds = [
        (definition, definition.from_input)
        for definition in (kind.extensions["strawberry-definition"] for kind in kinds)
    ]
    assert all(build is not None for _, build in builds)
    for definition, _ in builds:
        definition.from_input = None
    try:
        yield
    finally:
        for definition, build in builds:
            definition.from_input = build


def input_types() -> list[str]:
    """Return the names of all types that variables may have."""
    return [name for name, kind in SCHEMA.type_map.items() if takes_input(kind) and not name.startswith("__")]


def written(value: Any) -> str:
    """Return a value as a document holds it."""
    match value:
        case Token():
            return value
        case list():
            return f"[{', '.join(map(written, cast('list[Any]', value)))}]"
        case dict():
            return (
                f"{{{', '.join(f'{name}: {written(item)}' for name, item in cast('dict[str, Any]', value).items())}}}"
            )
        case _:
            return json.dumps(value)
