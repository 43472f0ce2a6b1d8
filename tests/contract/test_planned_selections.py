"""Every field that a query can select is planned, except those that the documentation names."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    is_union_type,
    parse,
)
from graphql.execution import VariableValues

from app.graphql.planning.planner import Planner
from app.graphql.schema import executable, schema

_SCHEMA = executable(schema)
_PLANNER = Planner(schema, statements=10)
_META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
_DECISION = Path(__file__).parents[2] / "docs/adr/0011-plans.md"
_TABLE = "| selection | why it isn't planned |"


class Way(NamedTuple):
    """How a query gets to the objects of a type: fields that open their selections, and variables that they need."""

    opening: str = ""
    variables: tuple[str, ...] = ()

    def through(self, kind: GraphQLNamedType, name: str, field: GraphQLField) -> "Way":
        """The way on through a field of the type, with variables for required arguments."""
        condition = f"... on {kind.name} {{" if self.opening else ""
        arguments = cast("Mapping[str, Any]", field.args)
        required = {key: f"${kind.name}_{name}_{key}" for key in arguments if is_required_argument(arguments[key])}
        given = f"({', '.join(f'{key}: {variable}' for key, variable in required.items())})" if required else ""
        variables = [f"{variable}: {arguments[key].type}" for key, variable in required.items()]
        opens = "{" if is_composite_type(_leads_to(field)) else ""
        return Way(f"{self.opening} {condition} {name}{given} {opens}", (*self.variables, *variables))

    def is_planned(self) -> bool:
        """Whether a query that goes this way and selects rows has a plan; one that selects no rows never has one."""
        variables = f"({', '.join(self.variables)})" if self.variables else ""
        last = "__typename" if self.opening.endswith("{") else ""
        text = (
            f"query {variables} {{ customers {{ totalCount }} {self.opening} {last}{'}' * self.opening.count('{')} }}"
        )
        document = parse(text)
        operation = cast("OperationDefinitionNode", document.definitions[0])
        return _PLANNER.plan(document, operation, VariableValues({}, {})) is not None


def _leads_to(field: GraphQLField) -> GraphQLNamedType:
    return cast("GraphQLNamedType", get_named_type(cast("Any", field.type)))


def _fields(kind: Any) -> Mapping[str, GraphQLField]:
    fields: Mapping[str, GraphQLField] = {} if is_union_type(kind) else kind.fields
    return {**fields, **_META} if kind is _SCHEMA.query_type else fields


def _unplanned(ways: dict[str, Way]) -> Iterator[str]:
    """Go every way from the root, noting the first to each type; the fields at which one ends without a plan."""
    assert _SCHEMA.query_type is not None
    kinds: list[GraphQLNamedType] = [_SCHEMA.query_type]
    ways[kinds[0].name] = Way()
    for kind in kinds:
        for name, field in _fields(kind).items():
            way = ways[kind.name].through(kind, name, field)
            if not way.is_planned():
                yield f"{kind.name}.{name}"
                continue
            target: Any = _leads_to(field)
            found = [target, *(_SCHEMA.get_possible_types(target) if is_abstract_type(target) else ())]
            for of in found:
                if is_composite_type(of) and of.name not in ways:
                    ways[of.name] = way
                    kinds.append(of)


def test_only_what_the_documentation_names_is_not_planned() -> None:
    _, _, after = _DECISION.read_text(encoding="utf-8").partition(_TABLE)
    documented = re.findall(r"`(Query\.\w+)`", after.partition("\n\n")[0])
    ways: dict[str, Way] = {}

    assert sorted(_unplanned(ways)) == sorted(documented)

    assert ways.keys() >= {"Customer", "ChangeConnection", "FieldChange", "LedgerAccount", "Company", "PageInfo"}
