"""The feed of interleaved use cases: nothing is missed or comes twice, and nothing overtakes what it depends on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db import feed, unit_of_work
from app.db.database import Database
from app.db.rows import EventRow
from app.db.tables import outbox_events
from app.db.unit_of_work import LostRace, UnitOfWork
from app.services.contacts import CONTACTS, CreateContactCommand, UpdateContactCommand
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.customer_groups import UpdateCustomerGroupCommand, update_customer_group
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.support.feed import stamp_all
from tests.support.new_customers import new_customer
from tests.support.records import Records, new_company
from tests.support.thorough import number

WRITERS, SEQUENCERS, FOLLOWERS = 6, 3, 3
WRITES = number(25, 250)
"""Number of writes of each writer."""
_LATEST_SECONDS = 0.02
EAGER, LAZY = (0.0, 0.005, 0.01), (0.0, 0.1, 0.4)
"""How long sequencers rest: until little has been written, or until a batch has several events of each writer."""
_LOST_OF = 15
"""One of that many transactions is rolled back when it would commit, and tried again."""


@pytest_asyncio.fixture(loop_scope="session")
async def others(service_dsn: str) -> AsyncGenerator[list[Database]]:
    """The databases of the sequencers, as if each were a process."""
    made = [
        Database(service_dsn, pool_size=1, pool_timeout_seconds=60, statement_timeout_seconds=60)
        for _ in range(SEQUENCERS)
    ]
    yield made
    for database in made:
        await database.dispose()


def commit_late(monkeypatch: pytest.MonkeyPatch, chance: Random) -> None:
    """Let transactions stay open after their last statement, and fail sometimes."""
    commit = unit_of_work._commit  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001 - no use case waits there

    async def late(connection: AsyncConnection) -> None:
        await asyncio.sleep(chance.uniform(0, _LATEST_SECONDS))
        if not chance.randrange(_LOST_OF):
            raise LostRace
        await commit(connection)

    monkeypatch.setattr(unit_of_work, "_commit", late)


@dataclass
class Writer:
    """Writes one thing after the other: each of its events depends on the ones before."""

    name: str
    unit_of_work: UnitOfWork
    chance: Random
    customers: list[UUID]
    group: UUID
    contacts: list[UUID] = field(default_factory=list[UUID])

    async def run(self) -> None:
        for turn in range(WRITES):
            await self._write(f"{self.name} {turn}")

    async def _write(self, name: str) -> None:
        """Write to what all writers share, or to what was written before."""
        customer = self.chance.choice(self.customers)
        match self.chance.randrange(6):
            case 0:
                given = new_customer(self.group, name=name)
                created, _ = await create_customer(self.unit_of_work, self.name, CreateCustomerCommand(given), None)
                self.customers.append(created.customer.id)
            case 1:
                command = CreateContactCommand({"customer_id": str(customer), "name": name})
                made, _ = await CONTACTS.create(self.unit_of_work, self.name, command, None)
                self.contacts.append(made.row.id)
            case 2 if self.contacts:
                changed = UpdateContactCommand({"id": str(self.chance.choice(self.contacts)), "name": name})
                await CONTACTS.update(self.unit_of_work, self.name, changed, None)
            case 3:
                group = UpdateCustomerGroupCommand({"id": str(self.group), "name": name})
                await update_customer_group(self.unit_of_work, self.name, group, None)
            case _:
                update = UpdateCustomerCommand(customer, {"name": name})
                await update_customer(self.unit_of_work, self.name, update, None)


async def sequence(database: Database, chance: Random, over: asyncio.Event, rests: Sequence[float]) -> None:
    """Give positions in batches, beside other sequencers."""
    while not over.is_set():
        await database.feed.stamp(chance.choice([1, 2, 5, 1_000]))
        await asyncio.sleep(chance.choice(rests))


@dataclass
class Follower:
    """Reads the feed in pages of random sizes, perhaps of some customers only."""

    database: Database
    company_id: UUID
    chance: Random
    customer_ids: Sequence[UUID] | None = None
    position: int = 0
    rows: list[EventRow] = field(default_factory=list[EventRow])

    async def read(self) -> bool:
        """Read a page, and return whether there may be more."""
        async with self.database.read(self.company_id) as session:
            found = await feed.read_events(
                session,
                self.position,
                until=None,
                types=None,
                customer_ids=self.customer_ids,
                limit=self.chance.randint(1, 10),
            )
        self.rows += found.rows
        has_read = found.position > self.position
        self.position = found.position
        return has_read

    async def run(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.read()
            await asyncio.sleep(self.chance.uniform(0, 0.01))
        while await self.read():
            pass


async def truth(engine: AsyncEngine, company_id: UUID) -> list[Any]:
    """All events in the order of their positions, as the owner sees them."""
    query = select(outbox_events).where(outbox_events.c.company_id == company_id).order_by(outbox_events.c.position)
    async with engine.connect() as connection:
        return list(await connection.execute(query))


@pytest.mark.parametrize(("companies", "rests"), [(1, EAGER), (2, EAGER), (1, LAZY)])
async def test_followers_see_every_event_once_and_in_order(
    database: Database,
    owner_engine: AsyncEngine,
    others: list[Database],
    chance: Random,
    monkeypatch: pytest.MonkeyPatch,
    companies: int,
    rests: Sequence[float],
) -> None:
    written, over = asyncio.Event(), asyncio.Event()
    ids = [await new_company(owner_engine) for _ in range(companies)]
    writers, followers = list[Writer](), list[Follower]()
    for company_id in ids:
        records = Records(owner_engine, company_id)
        group, customers = await records.group(), [await records.customer() for _ in range(3)]
        writers += [
            Writer(f"writer {n}", UnitOfWork(database, company_id), chance, customers, group) for n in range(WRITERS)
        ]
        followers += [Follower(database, company_id, chance) for _ in range(FOLLOWERS)]
        followers.append(Follower(database, company_id, chance, customer_ids=customers[:1]))
    commit_late(monkeypatch, chance)

    async with asyncio.TaskGroup() as beside:
        working = [beside.create_task(sequence(other, chance, written, rests)) for other in others]
        for follower in followers:
            beside.create_task(follower.run(over))
        await asyncio.gather(*(writer.run() for writer in writers))
        written.set()
        await asyncio.wait(working)
        await stamp_all(database)
        over.set()

    overtaken = 0
    for company_id in ids:
        events = await truth(owner_engine, company_id)
        assert [event.position for event in events] == [*range(1, len(events) + 1)]
        assert len(events) >= WRITERS * WRITES
        assert_in_order(events)
        highest = accumulate((event.sequence for event in events), max)
        overtaken += sum(event.sequence < before for event, before in zip(events, highest, strict=True))
        for follower in (found for found in followers if found.company_id == company_id):
            expected = [
                event.id
                for event in events
                if follower.customer_ids is None or event.customer_id in follower.customer_ids
            ]
            assert [row.id for row in follower.rows] == expected
            assert expected
    # Otherwise the test would have tried nothing: an event that was written early was committed late.
    assert overtaken > 0 or rests is LAZY


def assert_in_order(events: Sequence[Any]) -> None:
    """What depends on an event comes after it."""
    versions, written = dict[UUID, int](), dict[str, int]()
    subjects = {event.subject_id for event in events if event.data["version"] == 1}
    for event in events:
        subject, version = event.subject_id, event.data["version"]
        # Rows that the test has written itself begin with version 1 and without an event.
        assert version == versions.get(subject, 0 if subject in subjects else 1) + 1
        versions[subject] = version
        if event.type.startswith("contact.") and event.customer_id in subjects:
            assert event.customer_id in versions
        # A writer waits for its commit before it writes again.
        assert written.get(event.actor, 0) < event.sequence
        written[event.actor] = event.sequence
