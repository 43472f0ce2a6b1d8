"""Federation's part of the schema: the version, and the definitions and descriptions of its directives."""

from typing import Any, ClassVar, NewType

import strawberry
from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    DirectiveNode,
    GraphQLEnumType,
    GraphQLSchema,
    ListValueNode,
    ScalarTypeDefinitionNode,
    StringValueNode,
    Visitor,
    VisitorAction,
    parse,
    print_ast,
    visit,
)
from strawberry.schema_directive import Location, schema_directive

from app.graphql.strawberry_seam import (
    FederationAny,
    FederationDirective,
    FieldSet,
    ImportedFrom,
    LinkImport,
    ScalarDefinition,
    ScalarWrapper,
    print_definition,
)

FEDERATION_VERSION = "2.9"
"""The newest version of federation that every tested composer supports."""

_FEDERATION = "https://specs.apollo.dev/federation/v2.9"
_LINK = "https://specs.apollo.dev/link/v1.0"
_SCOPES = "requiresScopes"
_SCOPE = "federation__Scope"

FederationScope = NewType("FederationScope", str)
"""A scope that a field needs, as gateways read it."""


@schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE, Location.SCALAR, Location.ENUM],
    name=_SCOPES,
)
class RequiresScopes(FederationDirective):
    """The scopes that a field needs. Strawberry's directive takes strings and not the specification's type."""

    scopes: list[list[FederationScope]]
    imported_from: ClassVar[ImportedFrom] = ImportedFrom(name=_SCOPES)
    minimum_version: ClassVar[tuple[int, int]] = (2, 5)


# The names must be those of the specification: composers reject definitions of directives with other names.
FEDERATION_SCALARS: dict[object, type | ScalarWrapper | ScalarDefinition] = {
    FederationAny: strawberry.scalar(
        name="_Any",
        description="A representation: an object of `__typename` and one of the type's keys.",
        specified_by_url=_FEDERATION,
        parse_value=lambda value: value,
    ),
    FieldSet: strawberry.scalar(
        name="federation__FieldSet",
        description="Fields of a type, written as a selection.",
        specified_by_url=_FEDERATION,
        parse_value=str,
    ),
    FederationScope: strawberry.scalar(
        name=_SCOPE,
        description="The name of a scope, as in credentials.",
        specified_by_url=_FEDERATION,
        parse_value=str,
    ),
    LinkImport: strawberry.scalar(
        name="link__Import",
        description="A name imported from a linked specification, as it is or renamed.",
        specified_by_url=_LINK,
        parse_value=lambda value: value,
    ),
}

_PURPOSE = "link__Purpose"
_PURPOSES = {
    "SECURITY": "The specification is required to keep data protected.",
    "EXECUTION": "The specification is required to run operations.",
}
_DIRECTIVES: dict[str, tuple[str, dict[str, str]]] = {
    "key": (
        "Other subgraphs can refer to the type by these fields.",
        {"fields": "The fields.", "resolvable": "Whether this subgraph can return the other fields."},
    ),
    "link": (
        "The schema uses the directives of a specification.",
        {
            "url": "The URL of the specification, with its version.",
            "as": "The prefix of its names in this schema.",
            "for": "The purpose of the specification.",
            "import": "The names that are imported without a prefix.",
        },
    ),
    _SCOPES: (
        "The field can only be read with these scopes.",
        {"scopes": "Lists of scopes. All scopes of at least one list are needed."},
    ),
    "shareable": ("Other subgraphs may define this as well, with the same meaning.", {}),
}


def describe(schema: GraphQLSchema) -> None:
    """Describe federation's directives, and include their definitions, without which the schema's text is invalid."""
    purpose: Any = schema.type_map.get(_PURPOSE)
    if isinstance(purpose, GraphQLEnumType):
        purpose.description = "The purpose of a linked specification."
        for value, meaning in _PURPOSES.items():
            purpose.values[value].description = meaning
        print_definition(purpose)
    directives: list[Any] = [directive for directive in schema.directives if directive.name in _DIRECTIVES]
    for directive in directives:
        directive.description, arguments = _DIRECTIVES[directive.name]
        for name, argument in directive.args.items():
            argument.description = arguments[name]
        print_definition(directive)


def without_scopes(text: str) -> str:
    """Return a schema's text without scopes, for gateways that don't support them."""
    return print_ast(visit(parse(text), _WithoutScopes()))


class _WithoutScopes(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value == _SCOPES else None

    def enter_directive_definition(self, node: DirectiveDefinitionNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value == _SCOPES else None

    def enter_scalar_type_definition(self, node: ScalarTypeDefinitionNode, *_: Any) -> VisitorAction:
        return REMOVE if node.name.value == _SCOPE else None

    def leave_list_value(self, node: ListValueNode, *_: Any) -> ListValueNode:
        # The argument `import` of @link lists the directive's name too.
        kept = [
            value for value in node.values if not (isinstance(value, StringValueNode) and value.value == f"@{_SCOPES}")
        ]
        return ListValueNode(values=tuple(kept), loc=node.loc)
