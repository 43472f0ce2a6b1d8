"""Plain Strawberry, as a team writes it first: types over rows, a resolver and a loader per edge, its own ASGI view."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NewType
from uuid import UUID

import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from bench.peers.python.environment import Environment
from bench.peers.python.reading import Page, Reader, Readers, Record
from bench.peers.python.serving import Gate, reader_of, serve
from bench.peers.python.strawberry_types import Customer, CustomerConnection, Info, Metadata, Viewer

if TYPE_CHECKING:
    MetadataValue = str | int | float | bool
else:
    # A name for the scalar: a type checker sees what its values are instead.
    MetadataValue = NewType("MetadataValue", object)


@strawberry.input(one_of=True)
class CustomerLookup:
    """The key that finds a customer."""

    id: strawberry.Maybe[strawberry.ID]


@strawberry.input
class MetadataPair:
    """A pair to look for."""

    key: str
    value: MetadataValue


@strawberry.input
class CustomerFilter:
    """Conditions on customers."""

    metadata: list[MetadataPair]


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    @staticmethod
    def viewer() -> Viewer:
        """Who is asking."""
        return Viewer()

    @strawberry.field(graphql_type=Customer | None)
    @staticmethod
    async def customer(info: Info, by: CustomerLookup) -> Record | None:
        """One customer."""
        return None if by.id is None else await info.context.customer.load(UUID(by.id.value))

    @strawberry.field(graphql_type=CustomerConnection)
    @staticmethod
    async def customers(
        info: Info, first: int = 50, after: str | None = None, where: CustomerFilter | None = None
    ) -> Page:
        """A page of customers."""
        pairs = {pair.key: pair.value for pair in where.metadata} if where else {}
        return await info.context.page(first, after, pairs)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


schema = strawberry.Schema(
    query=Query,
    extensions=[ParserCache, ValidationCache],
    config=StrawberryConfig(
        scalar_map={
            datetime: strawberry.scalar(name="DateTime", serialize=_moment, parse_value=datetime.fromisoformat),
            Metadata: strawberry.scalar(name="Metadata"),
            MetadataValue: strawberry.scalar(name="MetadataValue"),
        }
    ),
)


class View(GraphQL[Reader, None]):
    """Strawberry's view, with a request's reader as its context."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Reader:
        """The reader that the gate made."""
        del response
        return reader_of(request)


def main() -> None:
    """Serve."""
    environment = Environment.read()
    serve(Gate(View(schema, graphql_ide=None), environment, Readers(environment)), environment)


if __name__ == "__main__":
    main()
