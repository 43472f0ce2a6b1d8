"""Pages in the middle of lists of thousands are ranges of an index, in both directions, under row-level security."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import accounts, batching, company_lists, graph, groups, tables, webhooks
from app.db.conditions import IsOneOf, NameBeginsWith
from app.db.database import Database
from app.db.declarations import Entity, SortKey, ToMany
from app.db.paging import PageRequest
from app.db.read_session import ReadSession
from app.domain.fields import schema_name
from app.graphql.schema import executable, schema
from tests.db.plans import plans
from tests.support.records import Records

ROWS = 3_000
PER_PAGE = 200
"""Pages of memory that may be read for 20 rows: a group's account is found twice, by three pages each."""
EDGES = {
    graph.contacts: "contacts_of_customer",
    graph.departments: "departments_of_customer",
    graph.subscriptions: "subscriptions_of_customer",
    graph.customer_documents: "billing_documents_of_customer",
    graph.transition_documents: "billing_documents_of_transition",
    graph.transition_periods: "subscription_periods_of_transition",
    graph.subscription_periods: "subscription_periods_company_id_subscription_id_sequence_key",
    graph.document_lines: "billing_document_lines_pkey",
}
CONNECTIONS = {webhooks.deliveries: "webhook_deliveries_of_endpoint"}
"""Edges that are connections only."""
ROOTS = {
    graph.customer_group: groups.GROUPS_BY_NUMBER,
    graph.ledger_account: accounts.ACCOUNTS_BY_NUMBER,
}
SOURCE = UUID(int=1)
"""The id of the customer, subscription, transition and billing document that all rows belong to."""
OTHER = UUID(int=2)
"""Another transition and endpoint, which has most documents, periods and deliveries, so that those of the first are
apart by their index only."""
BEGIN = date(2000, 1, 1)
Read = Callable[[ReadSession, PageRequest], Awaitable[Any]]


def rows_of(table: Table, place: int) -> dict[str, Any]:
    """One of many rows; several have the same name and the same day."""
    day, name = BEGIN + timedelta(days=place), f"Name {place % 1_000}"
    billing = {"currency": "DKK", "customer_id": SOURCE}
    span = {"starts_on": day, "ends_on": day + timedelta(days=1)}
    return {
        tables.contacts: {"customer_id": SOURCE, "name": name},
        tables.departments: {"customer_id": SOURCE, "name": name},
        tables.subscriptions: {
            **billing,
            "name": name,
            "status": ("ACTIVE", "PAUSED")[place % 2],
            "net_amount": 1,
            "anchor_day": 1,
            "started_on": BEGIN + timedelta(days=place // 3),
            "current_period_start": BEGIN,
            "current_period_end": day + timedelta(days=1),
        },
        tables.billing_documents: {
            **billing,
            "kind": "INVOICE",
            "payer_customer_id": SOURCE,
            "transition_id": OTHER if place % 4 else SOURCE,
            "total": 1,
            "issued_on": BEGIN + timedelta(days=place // 3),
        },
        tables.subscription_periods: {
            **span,
            "subscription_id": SOURCE,
            "sequence": place,
            "payer_customer_id": SOURCE,
            "net_amount": 1,
            "billed_amount": 0,
            "credited_amount": 0,
            "transition_id": OTHER if place % 4 else SOURCE,
        },
        tables.billing_document_lines: {
            **span,
            "document_id": SOURCE,
            "line_number": place,
            "subscription_id": SOURCE,
            "description": "A day",
            "days": 1,
            "amount": 1,
        },
        tables.webhook_deliveries: {
            "endpoint_id": OTHER if place % 4 else SOURCE,
            "event_id": SOURCE,
            "event_type": "customer.updated",
            "position": place,
            "attempt": 1,
            "outcome": "DELIVERED",
            "latency_ms": 1,
        },
        tables.ledger_accounts: {"number": f"9{place:05}", "name": f"Name {place}"},
        tables.customer_groups: {"number": f"9{place:05}", "name": f"Name {place}", "account_id": SOURCE},
    }[table]


@pytest.fixture
async def long_lists(owner_engine: AsyncEngine, company: UUID, records: Records) -> UUID:
    """A company in which each list has thousands of rows."""

    def placed(table: Table, values: dict[str, Any]) -> dict[str, Any]:
        return {"company_id": company, **({"id": uuid4()} if "id" in table.c else {}), **values}

    await records.account(id=SOURCE, number="first")
    await records.customer(id=SOURCE)
    await records.subscription(SOURCE, id=SOURCE)
    for endpoint in (SOURCE, OTHER):
        await records.webhook_endpoint(id=endpoint)
    transition = {"customer_id": SOURCE, "effective_on": BEGIN, "actor": "somebody"}
    transition |= {"arrangement_before": {}, "arrangement_after": {}}
    document = rows_of(tables.billing_documents, 0) | {"id": SOURCE}
    async with owner_engine.begin() as connection:
        transitions = [placed(tables.billing_transitions, transition | {"id": id_}) for id_ in (SOURCE, OTHER)]
        await connection.execute(insert(tables.billing_transitions), transitions)
        await connection.execute(insert(tables.billing_documents), [placed(tables.billing_documents, document)])
        for entity in {edge.target for edge in (*EDGES, *CONNECTIONS)} | set(ROOTS):
            table = entity.table
            await connection.execute(
                insert(table), [placed(table, rows_of(table, place)) for place in range(1, ROWS + 1)]
            )
            await connection.execute(text(f"ANALYZE {table.name}"))
    return company


def requests(order: tuple[SortKey, ...], middle: tuple[Any, ...]) -> Iterator[PageRequest]:
    """The pages after and before a position, and what tells whether there are rows before a page."""
    yield PageRequest(order, 20, after=middle)
    yield PageRequest(order, 20, backward=True, before=middle)
    yield PageRequest(order, 0, backward=True, before=middle, inclusive=True)


async def assert_served(
    database: Database, company_id: UUID, order: tuple[SortKey, ...], read: Read, index: str
) -> None:
    async with database.read(company_id) as session:
        middle = (await read(session, PageRequest(order, ROWS // 6))).positions[-1]
    for request in requests(order, middle):

        async def ask(session: ReadSession, request: PageRequest = request) -> None:
            await read(session, request)

        for plan in await plans(database, company_id, ask):
            assert index in plan.indexes, (request, plan)
            assert plan.pages <= PER_PAGE, (request, plan)


def test_every_list_that_has_a_connection_beside_it_is_tried() -> None:
    kinds = {edge.source.name: executable(schema).type_map[edge.source.name] for edge in edges_to_many()}
    beside = {
        edge
        for edge in edges_to_many()
        if f"{schema_name(edge.name)}Connection" in cast("Any", kinds[edge.source.name]).fields
    }
    lacking = sorted(f"{edge.source.name}.{edge.name}" for edge in beside - set(EDGES))
    assert lacking == [], "Add the index of each of these lists to EDGES, and a row of its table to `rows_of`."
    assert set(EDGES) <= beside


def edges_to_many() -> list[ToMany[Any]]:
    return [edge for edge in vars(graph).values() if isinstance(edge, ToMany)]


async def test_a_page_in_the_middle_of_a_long_list_is_a_range_of_its_index(
    database: Database, long_lists: UUID
) -> None:
    for edge, index in (EDGES | CONNECTIONS).items():

        async def read(session: ReadSession, request: PageRequest, edge: ToMany[Any] = edge) -> Any:
            return (await batching.pages(session, edge, [SOURCE], request, None))[SOURCE]

        await assert_served(database, long_lists, edge.order, read, index)
    for entity, order in ROOTS.items():

        async def page(session: ReadSession, request: PageRequest, entity: Entity[Any] = entity) -> Any:
            return await company_lists.page(session, entity, request, None)

        await assert_served(database, long_lists, order, page, f"{entity.table.name}_by_number")
        await _found_by_name(database, long_lists, entity, order)
    await _filtered_by_status(database, long_lists)


async def _found_by_name(database: Database, company_id: UUID, entity: Entity[Any], order: tuple[SortKey, ...]) -> None:
    only = NameBeginsWith("name 2999")
    for plan in await plans(
        database, company_id, lambda session: company_lists.page(session, entity, PageRequest(order, 20), only)
    ):
        assert f"{entity.table.name}_by_name_prefix" in plan.indexes, plan
        assert plan.pages <= PER_PAGE, plan


async def _filtered_by_status(database: Database, company_id: UUID) -> None:
    edge, only = graph.subscriptions, IsOneOf("status", ("PAUSED",))
    request = PageRequest(edge.order, 20, after=(BEGIN + timedelta(days=ROWS // 6), UUID(int=0)))
    for plan in await plans(
        database, company_id, lambda session: batching.pages(session, edge, [SOURCE], request, only)
    ):
        assert plan.indexes & {"subscriptions_of_customer", "subscriptions_of_customer_by_status"}, plan
        assert plan.pages <= PER_PAGE, plan
