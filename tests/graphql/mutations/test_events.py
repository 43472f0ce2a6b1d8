"""What each mutation tells followers: the version of the object that each event is about."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph, tables
from tests.support.asking import Caller
from tests.support.every_mutation import TABLE, TOLD, document, ids_of
from tests.support.records import Records
from tests.support.upserts import rows_of

VERSIONED = [entity.table for entity in graph.NODES if "version" in entity.table.c]


@pytest.mark.parametrize("mutation", TOLD)
async def test_every_event_has_the_version_that_the_mutation_gave_its_subject(
    caller: Caller, owner_engine: AsyncEngine, records: Records, mutation: str
) -> None:
    ids = await ids_of(records)
    payload = await caller.data(document(mutation, TABLE[mutation].payload), input=TABLE[mutation].input(ids))
    assert payload[mutation]["errors"] == []
    events = await rows_of(owner_engine, tables.outbox_events, records.company_id)
    assert events
    stored = {
        row["id"]: row["version"]
        for table in VERSIONED
        for row in await rows_of(owner_engine, table, records.company_id)
    }
    # The event of a deletion has one version more than the object had.
    assert [event["data"]["version"] for event in events] == [stored.get(event["subject_id"], 2) for event in events]
