"""The responses to the events of a subscription are the same by its plan as field by field."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio

from app.db.database import Database
from app.db.direct_reads import DirectReads
from app.db.feed import read_events
from app.db.rows import EventRow
from app.domain.events import EventType
from app.domain.identity import Principal, Scope
from app.graphql.feed import entity_of
from app.services.recent_lists import RecentLists
from app.settings import Settings
from app.web.development import DevelopmentKeys
from app.web.engine import contexts_of, engine_of, planner_of
from app.web.running import result_json
from tests.differential.applications import BEYOND_ALL_LIMITS, Pair, Request
from tests.differential.everything import ANYTHING, leaves, whole
from tests.support.every_mutation import MUTATIONS, TABLE, TOLD, ids_of
from tests.support.feed import event, stamp_all, write
from tests.support.records import Records
from tests.support.started import settings_of

KINDS = sorted({entity_of(kind).name for kind in EventType})
EVENT = f"{leaves('ChangeEvent')} changes: changedFields {{ {leaves('FieldChange')} }}"
EVERYTHING = f"""subscription {{
  followed: changes {{ {EVENT} subject {{ ...Anything }} again: subject {{ __typename }} contact: subject {{ ...Name }} }}
}}
fragment Name on Contact {{ called: name }} {ANYTHING}"""
SWITCHED = """subscription ($first: Int, $isShown: Boolean!) {
  changes {
    id @skip(if: $isShown)
    subject @include(if: $isShown) { ... on Customer { contacts(first: $first) { id } name @skip(if: $isShown) } }
  }
}"""
ALL = frozenset(Scope)


class Responses(NamedTuple):
    """The responses to some events, and how they were made."""

    bodies: list[bytes]
    statements: int


@pytest_asyncio.fixture(loop_scope="session")
async def events(pair: Pair, database: Database, records: Records) -> Sequence[EventRow]:
    """Events of all mutations, some of whose objects were deleted, and of types that these don't have."""
    token = pair.token(records.company_id, *Scope)
    for name in TOLD:
        payload = f"mutation($input: {MUTATIONS[name].args['input'].type}) {{ {name}(input: $input) {{ __typename }} }}"
        given = TABLE[name].input(await ids_of(records))
        assert (await pair.only(pair.planning, token, Request(payload, {"input": given}))).codes == set()
    await write(database, records.company_id, *(event(type_=kind, said={"\N{SNOWMAN}": 1.50}) for kind in EventType))
    await stamp_all(database)
    reads = DirectReads(database, records.company_id)
    found = await read_events(reads, 0, until=None, types=None, customer_ids=None, limit=500)
    assert {row.type for row in found.rows} == {*EventType}
    assert any(row.changes for row in found.rows)
    return found.rows


class Compared:
    """Responds to events in both ways."""

    def __init__(self, dsn: str, keys: DevelopmentKeys, database: Database, company_id: UUID) -> None:
        self._company_id = company_id
        self._ways = [self._way(dsn, keys, database, query_plans=plans) for plans in (False, True)]

    async def same(
        self,
        document: str,
        events: Sequence[EventRow],
        variables: Mapping[str, Any] | None = None,
        scopes: frozenset[Scope] = ALL,
    ) -> Responses:
        """Return the responses by the plan, which must be those of graphql-core."""
        expected, actual = [await self._respond(way, document, events, variables or {}, scopes) for way in self._ways]
        assert actual.bodies == expected.bodies
        assert len(actual.bodies) == len(events)
        return actual

    @staticmethod
    def _way(dsn: str, keys: DevelopmentKeys, database: Database, *, query_plans: bool) -> Any:
        settings = Settings.model_validate(settings_of(dsn, keys, query_plans=query_plans, **BEYOND_ALL_LIMITS))
        engine = engine_of(settings, planner_of(settings))
        return engine, contexts_of(settings, database, RecentLists(seconds=0, size=1), engine)

    async def _respond(
        self,
        way: Any,
        document: str,
        events: Sequence[EventRow],
        variables: Mapping[str, Any],
        scopes: frozenset[Scope],
    ) -> Responses:
        engine, open_context = way
        operation = (await engine.prepare_aside(document)).select(None)
        async with open_context(Principal(self._company_id, "tester", scopes, None)) as context:
            subscribed = await engine.subscribe(operation, variables, context)
            results = await engine.respond(subscribed, events, context)
            return Responses([result_json(result, "differential") for result in results], context.statements)


@pytest.fixture
def compared(service_dsn: str, signing_keys: DevelopmentKeys, database: Database, company: UUID) -> Compared:
    return Compared(service_dsn, signing_keys, database, company)


async def test_everything_of_all_events_is_the_same(compared: Compared, events: Sequence[EventRow]) -> None:
    responses = await compared.same(EVERYTHING, events)

    assert responses.statements == 1
    assert any(b'"subject":null,"again":null' in body for body in responses.bodies)
    assert any(b'"contact":{},' in body or b'"contact":{}}' in body for body in responses.bodies)
    assert any(b'"contact":{"called":' in body for body in responses.bodies)
    for one in (events[:1], events[-1:]):
        assert (await compared.same(EVERYTHING, one)).statements == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_all_edges_of_an_object_are_the_same(compared: Compared, events: Sequence[EventRow], kind: str) -> None:
    document = f"subscription {{ changes {{ subject {{ ... on {kind} {{ {whole(kind)} }} }} }} }}"

    assert (await compared.same(document, events)).statements == 1


@pytest.mark.parametrize("is_shown", [False, True])
@pytest.mark.parametrize("first", [0, 1, 500])
async def test_variables_mean_the_same(
    compared: Compared, events: Sequence[EventRow], first: int, *, is_shown: bool
) -> None:
    responses = await compared.same(SWITCHED, events, {"first": first, "isShown": is_shown})

    assert responses.statements == is_shown


async def test_events_alone_need_no_statement(compared: Compared, events: Sequence[EventRow]) -> None:
    assert (await compared.same(f"subscription {{ changes {{ {EVENT} }} }}", events)).statements == 0


@pytest.mark.parametrize("first", [-1, None])
async def test_errors_are_those_of_graphql_core(
    compared: Compared, events: Sequence[EventRow], first: int | None
) -> None:
    responses = await compared.same(SWITCHED, events, {"first": first, "isShown": True})

    assert any(b'"errors":[{' in body for body in responses.bodies)


async def test_objects_whose_scope_is_missing_are_hidden_in_the_same_way(
    compared: Compared, events: Sequence[EventRow]
) -> None:
    document = "subscription { changes { type subject { id } } }"
    responses = await compared.same(document, events, scopes=frozenset({Scope.CUSTOMERS_READ}))

    hidden = [body for body in responses.bodies if b'"code":"FORBIDDEN"' in body]
    assert len(hidden) == sum(row.type.startswith("ledger_account.") for row in events)
    assert hidden
