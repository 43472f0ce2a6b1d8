"""Ariadne, schema first: the same rows and loaders as plain Strawberry's, bound to the fields of an SDL file."""

from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate
from starlette.requests import Request

from bench.peers.python.environment import Environment
from bench.peers.python.reading import Page, Reader, Readers, Record, cursor_of
from bench.peers.python.serving import Gate, reader_of, serve

# By name, because only the benchmark's dependencies hold it, and the type checker runs without them.
ariadne: Any = import_module("ariadne")
ariadne_asgi: Any = import_module("ariadne.asgi")

_SDL = Path(__file__).with_name("schema.graphql")
_DOCUMENTS = 1_000

query = ariadne.QueryType()
customer = ariadne.ObjectType("Customer")
viewer = ariadne.ObjectType("Viewer")
connection = ariadne.ObjectType("CustomerConnection")


@query.field("viewer")
def resolve_viewer(_root: None, _info: Any) -> dict[str, Any]:
    """Who is asking."""
    return {}


@viewer.field("company")
async def resolve_company(_viewer: dict[str, Any], info: Any) -> Record | None:
    """The company of the credential."""
    return await _reader(info).company()


@query.field("customer")
async def resolve_customer(_root: None, info: Any, by: dict[str, str]) -> Record | None:
    """One customer."""
    return await _reader(info).customer.load(UUID(by["id"]))


@query.field("customers")
async def resolve_customers(
    _root: None, info: Any, first: int, after: str | None = None, where: dict[str, Any] | None = None
) -> Page:
    """A page of customers."""
    pairs = {pair["key"]: pair["value"] for pair in where["metadata"]} if where else {}
    return await _reader(info).page(first, after, pairs)


@customer.field("group")
async def resolve_group(row: Record, info: Any) -> Record | None:
    """Its group."""
    return await _reader(info).group.load(row.customer_group_id)


@customer.field("parent")
async def resolve_parent(row: Record, info: Any) -> Record | None:
    """Its parent."""
    parent_id = row.parent_customer_id
    return None if parent_id is None else await _reader(info).customer.load(parent_id)


@customer.field("contacts")
async def resolve_contacts(row: Record, info: Any) -> list[Record]:
    """Its contact persons."""
    return await _reader(info).contacts.load(row.id)


@customer.field("departments")
async def resolve_departments(row: Record, info: Any) -> list[Record]:
    """Its departments."""
    return await _reader(info).departments.load(row.id)


@customer.field("children")
async def resolve_children(row: Record, info: Any, first: int) -> Page:
    """Its children."""
    rows = await _reader(info).children(first).load(row.id)
    return Page(rows[:first], len(rows) > first)


@connection.field("nodes")
def resolve_nodes(page: Page, _info: Any) -> list[Record]:
    """The customers of a page."""
    return page.rows


@connection.field("edges")
def resolve_edges(page: Page, _info: Any) -> list[dict[str, Any]]:
    """The customers of a page, with their places."""
    return [{"cursor": cursor_of(row), "node": row} for row in page.rows]


@connection.field("pageInfo")
def resolve_page_info(page: Page, _info: Any) -> dict[str, Any]:
    """Where a page is in its list."""
    return {"has_next_page": page.has_more, "end_cursor": page.end_cursor}


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _reader(info: Any) -> Reader:
    return info.context["reader"]


def _context(request: Request, _data: Any) -> dict[str, Any]:
    return {"request": request, "reader": reader_of(request)}


@lru_cache(maxsize=_DOCUMENTS)
def _parsed(text: str) -> DocumentNode:
    return parse(text)


def _parse(_context: Any, data: dict[str, Any]) -> DocumentNode:
    return _parsed(data["query"])


class _Validator:
    """Validates each document once; the parser's cache makes equal texts the same document."""

    def __init__(self) -> None:
        self._valid: dict[int, DocumentNode] = {}

    def __call__(self, schema: GraphQLSchema, document_ast: DocumentNode, **_options: Any) -> list[GraphQLError]:
        if self._valid.get(id(document_ast)) is document_ast:
            return []
        errors = validate(schema, document_ast)
        if not errors and len(self._valid) < _DOCUMENTS:
            self._valid[id(document_ast)] = document_ast
        return errors


def _schema() -> GraphQLSchema:
    moment = ariadne.ScalarType("DateTime", serializer=_moment)
    decimal = ariadne.ScalarType("Decimal", serializer=str)
    return ariadne.make_executable_schema(
        ariadne.load_schema_from_path(str(_SDL)),
        query,
        viewer,
        customer,
        connection,
        moment,
        decimal,
        convert_names_case=True,
    )


def main() -> None:
    """Serve."""
    environment = Environment.read()
    view = ariadne_asgi.GraphQL(
        _schema(),
        context_value=_context,
        query_parser=_parse,
        query_validator=_Validator(),
    )
    serve(Gate(view, environment, Readers(environment)), environment)


if __name__ == "__main__":
    main()
