"""Lists that wait for their turns cost no more statements."""

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.crowd import crowd_of

GROUPS, ROWS = 20, 100


async def test_the_rows_of_lists_that_wait_for_their_turns_are_still_one_batch(
    owner_engine: AsyncEngine, database: Database
) -> None:
    """2,000 rows of 20 lists, which are read at once and completed one list after the other."""
    company_id, _ = await crowd_of(owner_engine, GROUPS * ROWS, groups=GROUPS)
    selection = (
        f"customers(first: {ROWS}) {{ nodes {{ id name email city contacts {{ name }} departments {{ name }} }} }}"
    )
    # The groups, their customers, and the contacts and departments of these.
    assert await cost(Caller(database, company_id), f"{{ customerGroups {{ id {selection} }} }}") == 4
