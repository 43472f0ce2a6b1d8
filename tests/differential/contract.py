"""The schema as the generator of documents needs it: what may be selected, what may be given, read from the real
schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    is_composite_type,
)

from app.graphql.schema import executable, schema

_LEFT_OUT = {"billingTransitionPreview", "changes", "_service"}
"""Root fields that never are plans and cost too much to ask for at random."""


@dataclass(frozen=True, slots=True)
class TypeOf:
    """A type where it is used: its text, its nullability, its items, the name of what is innermost."""

    text: str
    required: bool
    item: "TypeOf | None"
    name: str

    @property
    def nullable_text(self) -> str:
        """The text of the type that also takes null."""
        return self.text.removesuffix("!")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value may be given: an argument or a field of an input."""

    owner: str
    name: str
    type: TypeOf
    has_default: bool

    @property
    def required(self) -> bool:
        """Whether it can't be left out."""
        return self.type.required and not self.has_default


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of an object type."""

    owner: str
    name: str
    type: TypeOf
    arguments: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object type: its leaves, and what leads on to other objects; or an abstract type and what it may be."""

    name: str
    leaves: tuple[FieldOf, ...]
    edges: tuple[FieldOf, ...]
    possible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputOf:
    """An input object type."""

    name: str
    one_of: bool
    fields: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """All types by name."""

    objects: Mapping[str, ObjectOf]
    inputs: Mapping[str, InputOf]
    enums: Mapping[str, tuple[str, ...]]


def contract() -> Contract:
    """What the real schema says."""
    types = _types_of(executable(schema))
    return Contract(
        objects={
            name: _object(kind)
            for name, kind in types.items()
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        },
        inputs={name: _input(kind) for name, kind in types.items() if isinstance(kind, GraphQLInputObjectType)},
        enums={name: tuple(kind.values) for name, kind in types.items() if isinstance(kind, GraphQLEnumType)},
    )


def _types_of(of: GraphQLSchema) -> dict[str, Any]:
    return {name: kind for name, kind in of.type_map.items() if not name.startswith("__")}


def _object(kind: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType) -> ObjectOf:
    leaves, edges = list[FieldOf](), list[FieldOf]()
    fields: Mapping[str, Any] = {} if isinstance(kind, GraphQLUnionType) else kind.fields
    for name, field in fields.items():
        if name not in _LEFT_OUT:
            arguments = tuple(_place(kind.name, argument, declared) for argument, declared in field.args.items())
            innermost, found = _innermost(field.type), FieldOf(kind.name, name, _type(field.type), arguments)
            (edges if is_composite_type(innermost) else leaves).append(found)
    possible = () if isinstance(kind, GraphQLObjectType) else executable(schema).get_possible_types(kind)
    return ObjectOf(kind.name, tuple(leaves), tuple(edges), tuple(member.name for member in possible))


def _input(kind: GraphQLInputObjectType) -> InputOf:
    fields = tuple(_place(kind.name, name, field) for name, field in kind.fields.items())
    return InputOf(kind.name, kind.is_one_of, fields)


def _place(owner: str, name: str, of: Any) -> Place:
    # The library keeps a default as it was given in Python or as a literal.
    has_default = of.default_value is not Undefined or getattr(of, "default", None) is not None
    return Place(owner, name, _type(of.type), has_default)


def _innermost(of: Any) -> Any:
    return _innermost(_wrapped(of)) if _is(of, GraphQLNonNull, GraphQLList) else of


def _type(of: Any) -> TypeOf:
    required = _is(of, GraphQLNonNull)
    inner = _wrapped(of) if required else of
    item = _type(_wrapped(inner)) if _is(inner, GraphQLList) else None
    return TypeOf(str(of), required, item, _innermost(of).name)


# The library leaves open what a wrapping type wraps.
def _is(of: Any, *kinds: type[Any]) -> bool:
    return isinstance(of, kinds)


def _wrapped(of: Any) -> Any:
    return of.of_type
