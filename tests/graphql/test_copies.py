"""Copies that are read while others write, and then follow the feed: no change falls between the two."""

import asyncio
from random import Random
from typing import Any

import orjson
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.domain.identity import Principal, Scope
from app.engine.execution import Engine, Execution
from app.engine.plans import Plans
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.schema import executable, schema
from app.graphql.strawberry_seam import executor_class
from app.services.recent_lists import RecentLists
from app.web.answers import to_json
from tests.support.asking import Caller
from tests.support.feed import stamp_all
from tests.support.following import followed
from tests.support.records import Records
from tests.support.thorough import number
from tests.support.toy import LIMITS

CUSTOMERS, WRITERS, WRITES = 3, 3, number(15, 60)
CHECKED = 20
"""Number of copies that are compared."""
UPDATE = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { code } } }"
PLANNED = "{ feedCursor customers { nodes { id version } } }"
BY_FIELDS = "{ customers { nodes { id version } } feedCursor viewer { subject } __schema { queryType { name } } }"
ENGINE = Engine(
    executable(schema),
    LIMITS,
    cache_size=10,
    executor_class=executor_class(schema),
    is_awaitable=optimized_is_awaitable,
    plans=Plans(Planner(schema, statements=10)),
)


async def read(caller: Caller, document: str) -> dict[str, Any]:
    """The data of a query that is planned if it can be."""
    principal = Principal(caller.company_id, "copier", frozenset(Scope), None)
    async with Context(caller.database, caller.recent, principal) as context:
        outcome = await ENGINE.run(ENGINE.prepare(document).select(None), {}, context)
    assert outcome.execution is (Execution.PLANNED if document == PLANNED else Execution.FIELDS)
    answer = outcome.answer
    return orjson.loads(answer)["data"] if isinstance(answer, bytes) else orjson.loads(to_json(answer.data))


async def test_a_copy_and_the_events_after_its_cursor_have_every_version(
    caller: Caller, records: Records, chance: Random
) -> None:
    ids = [str(await records.customer()) for _ in range(CUSTOMERS)]
    caller.recent = RecentLists(seconds=5, size=100)
    finished = asyncio.Event()
    copies: list[dict[str, Any]] = []

    async def write(writer: int) -> None:
        own = Caller(caller.database, caller.company_id)
        for turn in range(WRITES):
            data = await own.data(UPDATE, input={"id": chance.choice(ids), "name": f"{writer} {turn}"})
            assert data["updateCustomer"]["errors"] == []

    async def keep_stamping() -> None:
        while not finished.is_set():
            await stamp_all(caller.database)
            await asyncio.sleep(chance.random() / 50)

    async def keep_copying(document: str) -> None:
        while not finished.is_set():
            # Fills the cache of lists, which is then older than the cursor.
            await caller.data("{ customers { nodes { id version } } }")
            copies.append(await read(caller, document))

    async with asyncio.TaskGroup() as group:
        for work in (keep_stamping(), keep_copying(PLANNED), keep_copying(BY_FIELDS)):
            group.create_task(work)
        await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
        finished.set()
    await stamp_all(caller.database)

    final = await read(caller, PLANNED)
    last = {node["id"]: node["version"] for node in final["customers"]["nodes"]}
    assert sum(last.values()) == CUSTOMERS + WRITERS * WRITES
    for copy in chance.sample(copies, min(len(copies), CHECKED)):
        versions = {node["id"]: node["version"] for node in copy["customers"]["nodes"]}
        for event in await followed(caller, copy["feedCursor"], first=20):
            # What the copy has already may come again, but nothing is out of order or left out.
            assert event["version"] <= versions[event["subjectId"]] + 1
            versions[event["subjectId"]] = max(versions[event["subjectId"]], event["version"])
        assert versions == last
