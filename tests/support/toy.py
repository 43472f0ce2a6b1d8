"""A small schema with one example of everything that the engine and HTTP distinguish."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from graphql import GraphQLError, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema

from app.engine.document_limits import Limits
from app.engine.documents import Documents
from app.engine.execution import Engine
from app.engine.persisted import Persistence
from app.engine.request_errors import RequestError
from app.unavailable import DatabaseUnavailable

SDL = """
type Query {
  hello(name: String): String
  bound(value: Int!): String!
  things(first: Int, last: Int, filter: Filter): Things!
  thing: Thing
  some(ids: [ID!]!, only: [String!]): [Thing]!
  nested(value: [[Int]]): Int
  refused: String
  refusedWithoutCode: String
  broken: String
  nothing: String!
  away: String
  slow: String
  subject: String
}
type Mutation { rename(name: String!): String slowly: String }
type Subscription { ticks: Int }
type Things { nodes: [Thing!]! totalCount: Int! }
interface Named { name: String }
type Thing implements Named { id: ID name: String parent: Thing parts(first: Int = 100): [Thing!]! friends(first: Int): Things! }
input Filter { name: String AND: [Filter!] }
"""

LIMITS = Limits(
    max_document_bytes=50_000,
    max_tokens=5_000,
    max_depth=15,
    max_aliases=50,
    max_fields=2_000,
    max_requested_rows=100_000,
    max_requested_values=500_000,
    max_mutations=10,
    max_mutation_rows=500,
    max_input_items=10_000,
)


@dataclass
class ToyContext:
    """What the toy's resolvers share."""

    subject: str = "nobody"
    statements: int = 0
    finished: list[str] = field(default_factory=list[str])


Info = GraphQLResolveInfo[ToyContext]


async def _refused(_root: object, _info: Info) -> str:
    msg = "You may not see this."
    raise GraphQLError(msg, extensions={"code": "FORBIDDEN"})


async def _refused_without_code(_root: object, _info: Info) -> str:
    msg = "That is no good."
    raise GraphQLError(msg)


async def _broken(_root: object, _info: Info) -> str:
    msg = "the secret of the house"
    raise RuntimeError(msg)


async def _away(_root: object, _info: Info) -> str:
    raise DatabaseUnavailable


async def _slow(_root: object, info: Info) -> str:
    try:
        await asyncio.sleep(30)
    finally:
        info.context.finished.append("slow")
    return "late"


async def _slowly(_root: object, info: Info) -> str:
    await asyncio.sleep(0.3)
    info.context.finished.append("slowly")
    return "done"


async def _hello(_root: object, info: Info, name: str | None = None) -> str:
    info.context.statements += 1
    return f"Hello {name or 'you'}"


async def _subject(_root: object, info: Info) -> str:
    return info.context.subject


def _nothing(_root: object, _info: Info, **_arguments: object) -> None:
    return None


def _bound(_root: object, _info: Info, value: int) -> str:
    return str(value)


def _things(_root: object, _info: Info, **_arguments: object) -> dict[str, object]:
    return {"nodes": [{"id": "1", "name": "Å 🏊", "parts": []}], "totalCount": 1}


def _rename(_root: object, _info: Info, name: str) -> str:
    return name


def toy_schema() -> GraphQLSchema:
    """Return a new schema with its resolvers, for a test that changes it."""
    schema = build_schema(SDL)
    resolvers: dict[GraphQLObjectType | None, dict[str, Callable[..., object]]] = {
        schema.query_type: {
            "hello": _hello,
            "bound": _bound,
            "things": _things,
            "refused": _refused,
            "refusedWithoutCode": _refused_without_code,
            "broken": _broken,
            "nothing": _nothing,
            "away": _away,
            "slow": _slow,
            "subject": _subject,
        },
        schema.mutation_type: {"rename": _rename, "slowly": _slowly},
    }
    for kind, by_name in resolvers.items():
        assert kind is not None
        for name, resolve in by_name.items():
            kind.fields[name].resolve = resolve
    return schema


SCHEMA = toy_schema()
"""What all other tests share, because building one takes longer than most of them."""


def toy_engine(limits: Limits = LIMITS, cache_size: int = 10, persistence: Persistence | None = None) -> Engine:
    """Return an engine over the toy schema."""
    return Engine(SCHEMA, limits, cache_size=cache_size, persistence=persistence)


def request_error_of(text: str, limits: Limits = LIMITS) -> RequestError:
    """Return the error with which a text is rejected."""
    with pytest.raises(RequestError) as caught:
        Documents(SCHEMA, limits, 10).prepare(text)
    return caught.value
