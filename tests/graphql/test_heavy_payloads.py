"""The payload of a mutation waits for a turn of heavy operations before it is read, if it asks for as much as those."""

import pytest

from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.graphql.context import Context
from app.services.recent_lists import RecentLists
from tests.support.asking import Caller
from tests.support.records import Records

HEAVY_VALUES = 1_000


@pytest.mark.parametrize(("values", "turns"), [(HEAVY_VALUES - 1, 0), (HEAVY_VALUES, 1)])
async def test_a_heavy_payload_has_one_turn_from_its_first_read_to_its_end(
    values: int, turns: int, caller: Caller, records: Records, database: Database
) -> None:
    customer_id = await records.customer()
    principal = Principal(caller.company_id, "tester", frozenset(Scope), None)

    def in_use() -> int:
        return database.pools()["heavy"].in_use

    async with Context(database, RecentLists(seconds=5, size=0), principal, heavy_values=HEAVY_VALUES) as context:
        assert context.begin(values, 0, is_query=False) is None
        assert in_use() == 0, "The input is checked and written without one."
        for _ in range(2):
            assert await context.loaders.customer().load(customer_id) is not None
            assert in_use() == turns
            await context.begin_anew()
            assert in_use() == 0
    assert in_use() == 0
