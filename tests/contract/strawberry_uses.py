"""Find uses of Strawberry that its documentation doesn't show: imports, and attributes of its objects."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import strawberry
from strawberry import federation

DOCUMENTED = {
    "strawberry": set(strawberry.__all__),
    "strawberry.federation": set(federation.__all__),
    "strawberry.extensions": {"FieldExtension"},
    "strawberry.extensions.field_extension": {"AsyncExtensionResolver", "SyncExtensionResolver"},
    "strawberry.federation.schema_directives": {"Key", "Shareable"},
    "strawberry.scalars": {"JSON"},
    "strawberry.schema": {"BaseSchema"},
    "strawberry.schema.config": {"StrawberryConfig"},
    "strawberry.schema_directive": {"Location", "schema_directive"},
}
"""What Strawberry's documentation imports, which any module may."""
KEYS = {"__strawberry_definition__", "strawberry-definition"}
"""The attribute and the key of a mapping that lead to Strawberry's definitions."""
DOCUMENTED_ATTRIBUTES = {
    # https://strawberry.rocks/docs/types/schema
    "as_str",
    # https://strawberry.rocks/docs/types/resolvers#accessing-execution-information
    *("context", "operation", "path", "schema", "variable_values"),
}
"""Attributes of a schema and of `info` that Strawberry's documentation shows and the service uses."""
SHARED = {
    *(
        "arguments",
        "default_value",
        "description",
        "directives",
        "extend",
        "extensions",
        "fields",
        "get_field",
        "is_one_of",
    ),
    *(
        "is_type_of",
        "name",
        "of_type",
        "resolve_type",
        "signature",
        "stream",
        "subscribe",
        "subscription",
        "type",
        "type_map",
        "value",
        "values",
    ),
}
"""Attributes that objects of graphql-core or of the service have too, so that a name doesn't say whose it is."""


class _Color(Enum):
    RED = "red"


strawberry.enum(_Color)


@strawberry.input
class _Chosen:
    one_id: strawberry.Maybe[int]
    numbers: list[int] | None = None


@strawberry.type
class _Query:
    @strawberry.field
    @staticmethod
    def color(chosen: _Chosen) -> _Color | None:
        """Take an argument."""
        assert chosen
        return None


def attributes_of_objects() -> set[str]:
    """Return all attributes of Strawberry's objects that the service can reach: its schema, definitions and `info`."""
    schema = federation.Schema(query=_Query, federation_version="2.9")
    definition: Any = vars(_Query)["__strawberry_definition__"]
    (field,) = definition.fields
    (argument,) = field.arguments
    chosen: Any = vars(_Chosen)["__strawberry_definition__"]
    color: Any = vars(_Color)["__strawberry_definition__"]
    wrappers = [inner.type for inner in chosen.fields]
    reached = [
        *(schema, vars(schema)["schema_converter"], definition, field, field.base_resolver, argument, chosen, color),
        *(*color.values, *wrappers, strawberry.Info),
    ]
    names = {name for one in reached for name in dir(one)} | {*strawberry.Info.__annotations__}
    return {name for name in names if not (name.startswith("__") and name.endswith("__"))}


INTERNAL = attributes_of_objects() - DOCUMENTED_ATTRIBUTES - SHARED | KEYS
"""Attributes, and keys of mappings, that lead into Strawberry."""


def undocumented_imports(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield every import, and every attribute of an imported module, that Strawberry's documentation doesn't show.

    A module is imported under no other name, so that its attributes are found.
    """
    modules = {"strawberry": "strawberry"}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from filter(None, map(_undocumented_module, node.names))
        elif isinstance(node, ast.ImportFrom) and _is_strawberry(node.module or ""):
            for alias in node.names:
                path = f"{node.module}.{alias.name}"
                if path in DOCUMENTED and alias.asname is None:
                    modules[alias.name] = path
                elif path in DOCUMENTED or alias.name not in DOCUMENTED.get(node.module or "", ()):
                    yield path
    yield from _undocumented_attributes(nodes, modules)


def _undocumented_module(alias: ast.alias) -> str | None:
    if not _is_strawberry(alias.name) or (alias.name == "strawberry" and alias.asname is None):
        return None
    return f"import {alias.name}" + ("" if alias.asname is None else f" as {alias.asname}")


def _undocumented_attributes(nodes: Sequence[ast.AST], modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the undocumented attributes of modules, which are given by their names in the code."""
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                module = modules[name]
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=inner), attr=attribute) if (
                f"{modules.get(name)}.{inner}" in DOCUMENTED
            ):
                module = f"{modules[name]}.{inner}"
            case _:
                continue
        if f"{module}.{attribute}" not in DOCUMENTED and attribute not in DOCUMENTED[module]:
            yield f"{module}.{attribute}"


def _is_strawberry(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "strawberry"


def internals(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield every use of an internal attribute or key of Strawberry. Attributes of `self` are not Strawberry's."""
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="self")):
                continue
            case ast.Attribute(attr=str(name)) if name in INTERNAL:
                yield name
            case ast.Call(func=ast.Name(id="getattr" | "attrgetter"), args=[*arguments]):
                texts = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
                yield from (text for text in texts if text in INTERNAL)
            case ast.Constant(value=str(name)) if name in KEYS:
                yield name
            case _:
                continue
