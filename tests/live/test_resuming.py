"""Nothing is lost, repeated or out of order for clients that come and go while others write."""

import asyncio
from random import Random
from uuid import UUID

from tests.live.service import Service
from tests.support.records import Records
from tests.support.thorough import examples

FOLLOW = "subscription ($after: String) {changes(after: $after) {cursor subjectId version}}"
PULL = """query ($after: String!) {
  changes(after: $after, first: 500) {events {cursor subjectId version} endCursor hasNextPage}
}"""
CUSTOMERS = 5
CHANGES = examples(12)
"""Number of changes of each customer."""
FOLLOWERS = 4


async def follow(service: Service, company: UUID, begin: str, count: int, chance: Random) -> list[object]:
    """Return this many changes after a cursor, over many connections, some of which are idle for a while."""
    found: list[object] = []
    cursor = begin
    while len(found) < count:
        await asyncio.sleep(chance.choice([0, 0, 0.05, 0.3]))
        async with service.follow(company, FOLLOW, after=cursor) as events:
            for _ in range(chance.randint(1, 30)):
                if len(found) == count:
                    break
                found.append(await events.change())
                cursor = events.last_id
    return found


async def test_clients_that_come_and_go_get_each_change_once_and_in_order(
    service: Service, company: UUID, records: Records, chance: Random
) -> None:
    customers = [await records.customer() for _ in range(CUSTOMERS)]
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    count = CUSTOMERS * CHANGES
    async with asyncio.TaskGroup() as tasks:
        for customer_id in customers:
            tasks.create_task(service.rename(company, customer_id, *map(str, range(CHANGES))))
        followers = [
            tasks.create_task(follow(service, company, begin, count, Random(chance.random())))  # noqa: S311 - the same
            for _ in range(FOLLOWERS)
        ]
    truth = (await service.ask(company, PULL, after=begin))["changes"]

    assert (len(truth["events"]), truth["hasNextPage"]) == (count, False)
    for follower in followers:
        assert follower.result() == truth["events"]
