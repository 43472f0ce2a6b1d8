"""Subscriptions with large or slow responses get on, because what is read at once is bounded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from app.db.plan_connections import PlanConnections
from app.engine.execution import Engine, Subscribed
from app.live import pages
from app.live.live import Live
from app.unavailable import StatementTimeout
from tests.live.service import Service, Start
from tests.support.records import Records

NOTES = " ".join(f"a{number}: notes" for number in range(9))
LARGE = f"""subscription ($after: String) {{
  changes(after: $after) {{ version subject {{ ... on Customer {{ group {{ customers {{ nodes {{ {NOTES} }} }} }} }} }} }}
}}"""
"""Its updates have 90 kB for each customer of the group."""
FLAT = "subscription ($after: String) { changes(after: $after) { version } }"
_CUSTOMERS, _IN_TIME = 20, 3


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what was read by plans, from now on: of each statement that found something."""
    sizes = list[int]()
    row = PlanConnections.row

    async def noted(self: PlanConnections, *arguments: Any, **named: Any) -> Any:
        found = await row(self, *arguments, **named)
        columns: list[list[bytes]] = [column for column in found or () if isinstance(column, list)]
        if size := sum(len(shown) for column in columns for shown in column):
            sizes.append(size)
        return found

    monkeypatch.setattr(PlanConnections, "row", noted)
    return sizes


async def test_responses_to_missed_events_are_read_until_they_fill_a_page(
    start: Start, company: UUID, records: Records, planned: list[int]
) -> None:
    async with start() as service:
        begin = await changed(service, company, records)
        for _ in range(2):
            async with service.follow(company, LARGE, after=begin) as events:
                shown = [await events.change() for _ in range(_CUSTOMERS)]
            rows = [len(change["subject"]["group"]["customers"]["nodes"]) for change in shown]
            assert rows == [_CUSTOMERS] * _CUSTOMERS

    # An event has 1.8 MB, more than a page, so the first one is read by itself; all would be 36 MB. The others are
    # executed field by field, also when the subscription is resumed.
    (size,) = planned
    assert 1_700_000 < size < 1_900_000


async def test_events_of_which_many_values_are_requested_are_not_read_by_a_plan(
    start: Start, company: UUID, records: Records, planned: list[int]
) -> None:
    many = LARGE.replace("customers {", "customers(first: 200) {")
    async with start() as service:
        begin = await changed(service, company, records)
        async with service.follow(company, many, after=begin) as events:
            for _ in range(_CUSTOMERS):
                await events.change()

    assert planned == []


async def test_a_response_that_is_too_long_by_its_plan_is_tried_once_field_by_field(
    start: Start, company: UUID, records: Records, planned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LONGEST", 1_000_000)
    async with start() as service:
        begin = await changed(service, company, records)
        for _ in range(2):
            async with service.follow(company, LARGE, after=begin) as events:
                (told, _) = await events.rest()
            (error,) = told.result["errors"]
            assert error["extensions"]["code"] == "UNAVAILABLE"
            assert "is too long" in error["message"]

    assert len(planned) == 1


async def test_a_subscription_that_reads_too_long_tries_fewer_events_also_when_resumed(
    start: Start, company: UUID, records: Records, lives: list[Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()
    respond = Engine.respond

    async def slow(
        self: Engine, subscribed: Subscribed, events: Sequence[object], *arguments: Any, **named: Any
    ) -> Any:
        asked.append(len(events))
        if len(events) > _IN_TIME:
            raise StatementTimeout
        return await respond(self, subscribed, events, *arguments, **named)

    async with start() as service:
        begin = await changed(service, company, records)
        monkeypatch.setattr(Engine, "respond", slow)
        for tried in (_CUSTOMERS, 2 * _IN_TIME):
            asked.clear()
            async with service.follow(company, FLAT, after=begin) as events:
                assert [(await events.change())["version"] for _ in range(_CUSTOMERS)] == [2] * _CUSTOMERS
            assert 0 < asked[0] <= tried

    assert not lives[0].ended["UNAVAILABLE"]


async def changed(service: Service, company: UUID, records: Records) -> str:
    """Rename many customers of one group; return the cursor before that, once all events have their positions."""
    customers = [await records.customer(notes="n" * 9_990) for _ in range(_CUSTOMERS)]
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    for customer_id in customers:
        await service.rename(company, customer_id, "Nordlys")
    await service.until_at(company, _CUSTOMERS)
    return begin
