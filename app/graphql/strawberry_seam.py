"""Everything of Strawberry that is private or undocumented, each with the reason why it is used.

No other module of the service imports such a name or reads such an attribute, so a new version of Strawberry can break
this module only. tests/contract/test_strawberry_boundary.py enforces that, and test_strawberry_seam.py has one test for
each thing below, whose message says what to look at. pyproject.toml bounds the version: raise the bound when those
tests and tests/graphql pass.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, replace
from enum import Enum
from typing import Any, NamedTuple, cast

import strawberry
from graphql import FragmentDefinitionNode, GraphQLField, GraphQLInputObjectType, GraphQLSchema
from graphql.execution import Executor
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.extensions import FieldExtension
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import FederationDirective, ImportedFrom
from strawberry.federation.types import FieldSet, LinkImport
from strawberry.schema.name_converter import NameConverter
from strawberry.types import arguments, get_object_definition
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition, ScalarWrapper
from strawberry.types.unset import UnsetType

__all__ = [
    # The scalars of federation's own fields: redefined with descriptions. Used by federation.py and types/entity.py.
    "FederationAny",
    # The base of federation's directives, and where they are imported from: Strawberry's @requiresScopes takes strings
    # and not the specification's type. Used by federation.py.
    "FederationDirective",
    "FieldSet",
    "ImportedFrom",
    "LinkImport",
    # Types of annotations, which Strawberry's documentation uses without saying where they are.
    "ScalarDefinition",
    "ScalarWrapper",
    "StrawberryField",
    # The wrappers of an argument's type, which planning/compiled_arguments.py follows.
    "StrawberryList",
    "StrawberryMaybe",
    "StrawberryOptional",
    "UnsetType",
    # The check for awaitables that Strawberry gives graphql-core: types and rows are never awaitable. Used by the
    # engine.
    "optimized_is_awaitable",
]

_DEFINITION = "strawberry-definition"
"""The key of the extension that leads from a type, field or directive of graphql-core to Strawberry's definition."""
_SCHEMA, _END_OF_SCHEMA = "schema @link(", "\n}\n\n"
"""How the printed `schema` begins and ends."""

_names = NameConverter()

Build = Callable[[type, Mapping[str, Any], Any], Any]
"""From an input's class and coerced value, and Strawberry's own context, to the input."""


class Parameter(NamedTuple):
    """An argument of a field, or a field of an input."""

    name: str
    """The name in the schema."""
    attribute: str
    """The resolver's parameter, or the input's attribute."""
    declared: Any
    """The type, in Strawberry's wrappers."""
    has_default: bool


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the schema as graphql-core executes it.

    Strawberry has no public name for it; the engine runs it itself.
    """
    return schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def executor_class(schema: strawberry.Schema) -> type[Executor[Any]]:
    """Return the class that Strawberry executes operations with; the engine's executors inherit from it."""
    return schema.execution_context_class  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - open


def fragments_of(info: strawberry.Info[Any, Any]) -> Mapping[str, FragmentDefinitionNode]:
    """Return the fragments of the document by name. Strawberry shows the operation without them."""
    return info._raw_info.fragments  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]


def convert_arguments(schema: strawberry.Schema, field: GraphQLField, coerced: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a field as its resolver takes them: what Strawberry does before it calls a resolver."""
    return arguments.convert_arguments(
        coerced,
        _definition_of(field).arguments,
        scalar_registry=schema.schema_converter.scalar_registry,
        config=schema.config,
    )


def extensions_of(field: GraphQLField) -> Sequence[FieldExtension]:
    """Return the extensions that a field declares. The scopes that an operation needs are read from them."""
    return _definition_of(field).extensions if _DEFINITION in field.extensions else ()


def attribute_of(field: GraphQLField) -> str:
    """Return the Python name of a field: the attribute that it shows. Plans read it from there."""
    return _definition_of(field).python_name


def has_resolver(field: GraphQLField) -> bool:
    """Return whether a field has a resolver. Plans read plain fields only."""
    return cast("Any", _definition_of(field)).base_resolver is not None


def shows_attribute(field: GraphQLField) -> bool:
    """Return whether a field only shows an attribute, without a resolver or extension. It can be resolved faster."""
    return _DEFINITION in field.extensions and _definition_of(field).is_basic_field


def parameters_of(field: GraphQLField) -> list[Parameter]:
    """Return the arguments of a field, so that they are converted without asking Strawberry for each value."""
    return [
        Parameter(_names.get_graphql_name(argument), argument.python_name, argument.type, has_default=False)
        for argument in _definition_of(field).arguments
    ]


def inner_of(wrapper: StrawberryList | StrawberryMaybe | StrawberryOptional) -> Any:
    """Return the type in a list, an optional type or a Maybe."""
    return wrapper.of_type


def is_input(declared: Any) -> bool:
    """Return whether a type without wrappers is an input."""
    return get_object_definition(declared) is not None


def fields_of_input(kind: type) -> list[Parameter]:
    """Return the fields of an input. Its types are resolved, so not before all modules are loaded."""
    definition = get_object_definition(kind, strict=True)
    fields: list[Any] = [*definition.fields]
    return [
        Parameter(
            _names.get_graphql_name(field),
            field.python_name,
            field.resolve_type(type_definition=definition),
            has_default=field.default_value is not MISSING or field.default_factory is not MISSING,
        )
        for field in fields
    ]


def names_of_input(kind: type) -> dict[str, str]:
    """Return the attributes of an input, by the names of its fields in the schema."""
    fields: list[Any] = [*get_object_definition(kind, strict=True).fields]
    return {_names.get_graphql_name(field): field.python_name for field in fields}


def attributes_of(kind: GraphQLInputObjectType) -> dict[str, str]:
    """Return the attributes of an input of the schema, by the names of its fields there."""
    return {_names.get_graphql_name(field): field.python_name for field in kind.extensions[_DEFINITION].fields}


def set_builder(kind: GraphQLInputObjectType, build: Build) -> None:
    """Set the function that builds an input. Strawberry's function reads the input's definition for each value."""
    kind.extensions[_DEFINITION].from_input = build


def is_one_of(kind: GraphQLInputObjectType) -> bool:
    """Return whether an input is declared @oneOf. graphql-core checks it in variables only if its own type says so."""
    return _DEFINITION in kind.extensions and kind.extensions[_DEFINITION].is_one_of


def describe_values(enumeration: type[Enum], descriptions: Mapping[str, str]) -> None:
    """Describe the values of an enumeration of the domain, which can't hold `strawberry.enum_value`."""
    definition: StrawberryEnumDefinition = vars(enumeration)["__strawberry_definition__"]
    values: list[EnumValue] = definition.values
    for value in values:
        value.description = descriptions[value.name]


def print_definition(defined: Any) -> None:
    """Have a directive or type of a linked specification printed: a schema's text is valid only with its definition."""
    defined.extensions[_DEFINITION] = replace(defined.extensions[_DEFINITION], print_definition=True)


def with_description(text: str, description: str) -> str:
    """Return a printed schema with its description, which Strawberry's printer leaves out, and its root types first."""
    directives, begin, rest = text.partition(_SCHEMA)
    roots, end, types = rest.partition(_END_OF_SCHEMA)
    return f'"""\n{description}\n"""\n{begin}{roots}{end}{directives}{types}'


def _definition_of(field: GraphQLField) -> StrawberryField:
    return cast("StrawberryField", field.extensions[_DEFINITION])
