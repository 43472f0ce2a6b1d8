"""Equal subscriptions are executed once, idle ones cost no statements, and events that come together share them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from app.db.plan_connections import PlanConnections
from app.db.read_session import ReadSession
from app.domain.identity import Scope
from app.engine.execution import Engine, Subscribed
from app.live.live import Live
from app.unavailable import DatabaseUnavailable, StatementTimeout
from tests.live.service import Service, Start
from tests.support.records import Records
from tests.support.sse import Events
from tests.support.until import until

DEEP = """subscription ($after: String) {
  changes(after: $after) { version subject { ... on Customer { name departments { name } contacts { name } } } }
}"""
FLAT = "subscription ($after: String) { changes(after: $after) { cursor version } }"

PULL = "query ($after: String!) { changes(after: $after) { events { id } } }"


@pytest_asyncio.fixture(loop_scope="session")
async def live(start: Start, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[Service, Live]]:
    """A service and its live subscriptions."""
    made: list[Live] = []
    begin = Live.__init__

    def noted(self: Live, *arguments: Any, **named: Any) -> None:
        made.append(self)
        begin(self, *arguments, **named)

    monkeypatch.setattr(Live, "__init__", noted)
    async with start(live_keepalive_seconds=1) as service:
        yield service, made[0]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of all read sessions, and those on connections for plans, from now on."""
    sent: list[str] = []
    methods: list[tuple[type, str]] = [(ReadSession, "rows"), (PlanConnections, "rows"), (PlanConnections, "row")]
    for kind, name in methods:
        run = getattr(kind, name)

        async def noted(self: object, statement: Any, *arguments: Any, _run: Any = run, **named: Any) -> Any:
            sent.append(str(statement))
            return await _run(self, statement, *arguments, **named)

        monkeypatch.setattr(kind, name, noted)
    return sent


async def opened(stack: AsyncExitStack, service: Service, company: UUID, count: int, text: str) -> list[Events]:
    """Open streams, which the stack closes."""
    return [await stack.enter_async_context(service.follow(company, text)) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 20])
async def test_a_change_costs_the_same_for_any_number_of_equal_subscriptions(
    live: tuple[Service, Live], company: UUID, customer_id: UUID, statements: list[str], count: int
) -> None:
    service, subscriptions = live
    async with AsyncExitStack() as stack:
        streams = await opened(stack, service, company, count, DEEP)
        statements.clear()
        await service.rename(company, customer_id, "A")
        changes = [await events.change() for events in streams]

        assert changes == [changes[0]] * count
        assert changes[0]["version"] == 2
        assert (subscriptions.streams, subscriptions.groups, subscriptions.responses) == (count, 1, 1)
        # The events; and the customer with its departments and its contacts.
        assert len(statements) == 2


async def test_different_documents_scopes_and_variables_are_executed_separately(
    live: tuple[Service, Live], company: UUID, customer_id: UUID
) -> None:
    service, subscriptions = live
    async with (
        service.follow(company, FLAT) as first,
        service.follow(company, FLAT + " ") as second,
        service.follow(company, FLAT, [Scope.CUSTOMERS_READ]) as third,
        service.follow(company, FLAT, after=(await service.ask(company, "{feedCursor}"))["feedCursor"]) as fourth,
    ):
        await service.rename(company, customer_id, "A")
        versions = [(await events.change())["version"] for events in (first, second, third, fourth)]

        assert versions == [2] * 4
        assert (subscriptions.groups, subscriptions.responses) == (3, 3)
    await until(lambda: not subscriptions.groups)


async def test_idle_streams_cost_no_statements_of_their_own(
    live: tuple[Service, Live], company: UUID, customer_id: UUID, statements: list[str]
) -> None:
    service, subscriptions = live
    async with AsyncExitStack() as stack:
        streams = await opened(stack, service, company, 10, DEEP)
        await service.rename(company, customer_id, "A")
        for events in streams:
            await events.change()
        statements.clear()
        for events in streams:
            await events.comment()
        await subscriptions.recheck()

        assert statements == []


async def test_changes_that_come_together_share_their_statements(
    live: tuple[Service, Live], company: UUID, records: Records, statements: list[str]
) -> None:
    service, _ = live
    customers = [await records.customer() for _ in range(30)]
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    for customer_id in customers:
        await service.rename(company, customer_id, "A")
    found = 0
    while found < len(customers):
        found = len((await service.ask(company, PULL, after=begin))["changes"]["events"])
    statements.clear()
    async with service.follow(company, DEEP, after=begin) as events:
        # The head, the events; and the customers with their departments and their contacts.
        for _ in customers:
            assert (await events.change())["subject"]["name"] == "A"
        assert len(statements) == 3


async def test_clients_that_come_back_together_share_what_they_missed(
    live: tuple[Service, Live], company: UUID, customer_id: UUID
) -> None:
    service, subscriptions = live
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    await service.rename(company, customer_id, *"ABCDE")
    await service.until_at(company, 5)
    async with AsyncExitStack() as stack:
        opening = [service.follow(company, FLAT, after=begin) for _ in range(10)]
        streams = await asyncio.gather(*map(stack.enter_async_context, opening))
        for events in streams:
            assert [(await events.change())["version"] for _ in range(5)] == [2, 3, 4, 5, 6]

        assert subscriptions.responses < 5 * len(streams)


async def test_a_client_that_comes_back_after_a_moment_costs_no_execution(
    live: tuple[Service, Live], company: UUID, customer_id: UUID
) -> None:
    service, subscriptions = live
    async with service.follow(company, FLAT) as staying:
        await service.rename(company, customer_id, "A", "B", "C")
        seen = [await staying.change() for _ in range(3)]
        executed = subscriptions.responses
        async with service.follow(company, FLAT, after=seen[0]["cursor"]) as returning:
            assert [await returning.change() for _ in range(2)] == seen[1:]

        assert subscriptions.responses == executed == 3


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (StatementTimeout(), "took too long"),
        (TimeoutError(), "took too long"),
        (RuntimeError("the secret of the house"), "could not be read"),
    ],
)
async def test_a_response_that_fails_ends_its_own_subscriptions_only(
    live: tuple[Service, Live],
    company: UUID,
    customer_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    message: str,
) -> None:
    service, _ = live
    respond = Engine.respond

    async def failing(self: Engine, subscribed: Subscribed, *arguments: Any, **named: Any) -> Any:
        if "departments" in str(subscribed.operation.syntax.loc and subscribed.operation.syntax.loc.source.body):
            raise failure
        return await respond(self, subscribed, *arguments, **named)

    monkeypatch.setattr(Engine, "respond", failing)
    async with service.follow(company, DEEP) as deep, service.follow(company, FLAT) as flat:
        await service.rename(company, customer_id, "A")
        assert (await flat.change())["version"] == 2
        (told, complete) = await deep.rest()
        cursor = flat.last_id
        await service.rename(company, customer_id, "B")
        assert (await flat.change())["version"] == 3

    (error,) = told.result["errors"]
    assert (error["extensions"]["code"], complete.name) == ("UNAVAILABLE", "complete")
    assert message in error["message"]
    assert error["extensions"]["cursor"] != cursor
    monkeypatch.undo()


async def test_a_response_waits_for_a_database_that_is_away_for_a_moment(
    live: tuple[Service, Live], company: UUID, customer_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _ = live
    respond, failures = Engine.respond, [DatabaseUnavailable(), DatabaseUnavailable()]

    async def failing(self: Engine, *arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return await respond(self, *arguments, **named)

    monkeypatch.setattr(Engine, "respond", failing)
    async with service.follow(company, FLAT) as events:
        await service.rename(company, customer_id, "A")
        assert (await events.change())["version"] == 2

    assert failures == []
