"""What federation adds to the schema: its version, and descriptions of what the library leaves without."""

from typing import Any

import strawberry
from graphql import (
    REMOVE,
    DirectiveNode,
    GraphQLEnumType,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    StringValueNode,
    Visitor,
    VisitorAction,
    parse,
    print_ast,
    visit,
)
from strawberry.federation.schema import FederationAny
from strawberry.types.scalar import ScalarDefinition, ScalarWrapper

FEDERATION_VERSION = "2.9"
"""The newest that every composer takes: one of them refuses a later one."""

_FEDERATION = "https://specs.apollo.dev/federation/v2.9"
_LINK = "https://specs.apollo.dev/link/v1.0"

FEDERATION_SCALARS: dict[object, type | ScalarWrapper | ScalarDefinition] = {
    FederationAny: strawberry.scalar(
        name="_Any",
        description="A representation: an object of `__typename` and one of the type's keys.",
        specified_by_url=_FEDERATION,
        parse_value=lambda value: value,
    )
}

_SCOPES = "requiresScopes"
_TYPES = {
    "_FieldSet": ("Fields of a type, as a selection names them.", _FEDERATION),
    "link__Import": ("A name that is taken from a linked specification, under this name or another.", _LINK),
    "link__Purpose": ("What a linked specification is needed for.", None),
}
_PURPOSES = {
    "SECURITY": "Without it, the schema would show what it must not.",
    "EXECUTION": "Without it, operations could not be run.",
}
_DIRECTIVES: dict[str, tuple[str, dict[str, str]]] = {
    "key": (
        "Other subgraphs may refer to the type by these fields.",
        {"fields": "The fields.", "resolvable": "Whether this subgraph finds the rest by them."},
    ),
    "link": (
        "The schema uses a specification of directives.",
        {
            "url": "The specification and its version.",
            "as": "The prefix of its names here.",
            "for": "What it is needed for.",
            "import": "The names that are used without a prefix.",
        },
    ),
    _SCOPES: (
        "The field is refused to credentials without these scopes.",
        {"scopes": "All scopes of any one of these lists."},
    ),
    "shareable": ("Other subgraphs may have this too, and then mean the same.", {}),
}


def describe(schema: GraphQLSchema) -> None:
    """Say in introspection what the library's own types and directives are; the text of the schema links to them instead."""
    for name, (description, url) in _TYPES.items():
        kind = schema.type_map.get(name)
        if kind is None:
            continue
        kind.description = description
        if isinstance(kind, GraphQLScalarType):
            kind.specified_by_url = url
        elif isinstance(kind, GraphQLEnumType):
            for value, meaning in _PURPOSES.items():
                kind.values[value].description = meaning
    directives: list[Any] = [each for each in schema.directives if each.name in _DIRECTIVES]
    for directive in directives:
        directive.description, arguments = _DIRECTIVES[directive.name]
        for name, argument in directive.args.items():
            argument.description = arguments[name]


def without_scopes(text: str) -> str:
    """A schema's text that says nothing of scopes, for gateways that start with no schema which does; nothing else is left out."""
    return print_ast(visit(parse(text), _WithoutScopes()))


class _WithoutScopes(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value == _SCOPES else None

    def leave_list_value(self, node: ListValueNode, *_: Any) -> ListValueNode:
        # What is imported from the specification of federation.
        kept = [each for each in node.values if not (isinstance(each, StringValueNode) and each.value == f"@{_SCOPES}")]
        return ListValueNode(values=tuple(kept), loc=node.loc)
