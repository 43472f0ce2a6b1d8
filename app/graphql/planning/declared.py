"""The root fields, fields and edges that plans support, by their names in the schema."""

from functools import partial
from typing import Any, NamedTuple, cast
from uuid import UUID

from graphql import GraphQLObjectType, GraphQLSchema

from app.db import accounts, graph, groups
from app.db.arguments import Arguments, FeedArguments, Key, References
from app.db.conditions import Equals
from app.db.declarations import Embedded, Entity, PlainField, SortKey, ToMany, ToOne
from app.db.plans.tree import Connection, Listing, Lookup
from app.graphql.feed_cursors import feed_cursors
from app.graphql.field_arguments import (
    read_customers_page,
    read_edge_page,
    read_filtered_list,
    read_key,
    read_list,
    read_rows_page,
)
from app.graphql.planning.reading import ArgumentReader, read_count
from app.graphql.planning.references import read_node_id, read_node_ids, read_representations
from app.graphql.strawberry_seam import attribute_of, has_resolver

Declared = PlainField | ToOne[Any] | ToMany[Any] | Embedded[Any]


class Root(NamedTuple):
    """The entity of a root field, and how its arguments are read."""

    node: type[Lookup | Listing | Connection]
    entity: Entity[Any]
    read: ArgumentReader
    order: tuple[SortKey, ...] = ()


def _key(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_key(**given)


def _customers(company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_customers_page(company_id, **given).arguments


def _rows(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_filtered_list(**given)


def _rows_page(entity: Entity[Any], order: tuple[SortKey, ...], company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_rows_page(company_id, entity, order, **given).arguments


def _node(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    return References((None,), ((0, read_node_id(**given)),), (1,))


def _nodes(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_node_ids(**given, strict=True).arguments


def _entities(most: int, _company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_representations(**given, most=most, strict=True).arguments


def list_reader(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    """Read the arguments of an edge that is a list."""
    return read_list(**given)


def count_reader(_company_id: UUID, given: dict[str, Any]) -> Arguments:
    """Read the arguments of a connection's total count."""
    return read_count(**given)


def page_reader(edge: ToMany[Any]) -> ArgumentReader:
    """Return the reader of the arguments of an edge that is a connection."""
    return partial(_page, edge)


def _page(edge: ToMany[Any], company_id: UUID, given: dict[str, Any]) -> Arguments:
    return read_edge_page(company_id, edge, **given).arguments


ROOTS = {
    "customer": Root(Lookup, graph.customer, _key),
    "customers": Root(Connection, graph.customer, _customers),
    "customerGroup": Root(Lookup, graph.customer_group, _key),
    "customerGroups": Root(Listing, graph.customer_group, _rows, groups.GROUPS_BY_NUMBER),
    "customerGroupsConnection": Root(
        Connection, graph.customer_group, partial(_rows_page, graph.customer_group, groups.GROUPS_BY_NUMBER)
    ),
    "ledgerAccountsConnection": Root(
        Connection, graph.ledger_account, partial(_rows_page, graph.ledger_account, accounts.ACCOUNTS_BY_NUMBER)
    ),
    "ledgerAccounts": Root(Listing, graph.ledger_account, _rows, accounts.ACCOUNTS_BY_NUMBER),
}


VIEWER, OWN_COMPANY = "viewer", "company"
"""The root field that shows the credential, and its field that is a row. Its other fields are the principal's."""

FEED_CURSOR = "feedCursor"
"""The root field that shows where the feed stands."""

PAYLOAD_KEYS = {"customer": "customer_id", "transition": "transition_id"}
"""The fields of payloads whose object the payload only names, and the attributes with its id."""


def own_company(company_id: UUID, _given: dict[str, Any]) -> Arguments:
    """Return the arguments of the look-up of the credential's company."""
    return Key(Equals("id", company_id))


def own_feed(company_id: UUID, _given: dict[str, Any]) -> Arguments:
    """Return the arguments of the cursor of the company's feed."""
    return FeedArguments(feed_cursors(company_id).identity)


def references(max_representations: int) -> dict[str, ArgumentReader]:
    """Return the readers of the root fields that find rows of several entities."""
    return {"node": _node, "nodes": _nodes, "_entities": partial(_entities, max_representations)}


def declarations(schema: GraphQLSchema) -> dict[tuple[str, str], Declared]:
    """Return the declared fields and edges, by the names of a type and its field in the schema."""
    values: list[object] = [*vars(graph).values()]
    kinds: list[Entity[Any] | Embedded[Any]] = [value for value in values if isinstance(value, Entity | Embedded)]
    edges: list[ToOne[Any] | ToMany[Any]] = [value for value in values if isinstance(value, ToOne | ToMany)]
    plain = {(kind.name, field.name): field for kind in kinds for field in kind.fields}
    resolved: dict[tuple[str, str], Declared] = {(edge.source.name, edge.name): edge for edge in edges}
    resolved |= {key: field.embedded for key, field in plain.items() if field.embedded is not None}
    declared: dict[tuple[str, str], Declared] = {}
    for kind in kinds:
        for name, field in cast("GraphQLObjectType", schema.type_map[kind.name]).fields.items():
            # A field with a resolver is an edge, a list of embedded objects, or a computed field.
            known = resolved if has_resolver(field) else plain
            # A list and the connection beside it show the same edge.
            found = known.get((kind.name, attribute_of(field).removesuffix("_connection")))
            if found is not None:
                declared[kind.name, name] = found
    return declared
