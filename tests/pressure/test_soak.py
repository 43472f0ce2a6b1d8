"""A soak: the same mixture of requests again and again, and memory that doesn't grow. `SOAK_SECONDS` says how long."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.served import api_key_headers, post, served

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
CLIENTS = 8
CREATE = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } errors { code } } }"
UPSERT = "mutation($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { errors { code } } }"


async def test_memory_does_not_grow_whatever_is_asked(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, records: Records, tmp_path: Path
) -> None:
    headers = await api_key_headers(owner_engine, company)
    customer = new_customer_input(await records.group(), name="Soak")
    answers = Counter[str]()

    with served(tmp_path / "log", "--workers", "2", DATABASE_URL=service_dsn, METRICS="true") as running:

        async def send(query: str, **variables: object) -> None:
            _, status, _ = await post(running.port, headers, {"query": query, "variables": variables})
            answers[str(status)] += 1

        async def read(_turn: int) -> None:
            await send("{ customers(first: 20) { totalCount nodes { id name group { name } contacts { name } } } }")

        async def read_anew(turn: int) -> None:
            # Documents that no cache has, and whose errors are the documents' own.
            await send(f"query q{turn}_{uuid4().hex} {{ customers(first: {turn % 50 + 1}) {{ nodes {{ id }} }} }}")
            await send(f"{{ nothing{turn} }}")

        async def write(turn: int) -> None:
            await send(CREATE, input=customer | {"idempotencyKey": f"{uuid4()}"})
            await send(
                UPSERT, input={"rows": [customer | {"externalSystemId": f"{turn % 100}-{row}"} for row in range(20)]}
            )

        work: list[Callable[[int], Awaitable[None]]] = [read, read_anew, write]

        async def client(seconds: float) -> None:
            end = asyncio.get_running_loop().time() + seconds
            for turn in count():
                if asyncio.get_running_loop().time() > end:
                    return
                await work[turn % len(work)](turn)

        async def memory_after(seconds: float) -> float:
            await asyncio.gather(*(client(seconds) for _ in range(CLIENTS)))
            return running.memory_mb()

        # Caches fill, and connections are opened.
        warm = await memory_after(SECONDS / 2)
        grown = await memory_after(SECONDS / 2) - warm

    logging.getLogger(__name__).info("%s MB, then %s more; %s", round(warm), round(grown, 1), answers)
    assert answers.keys() == {"200", "400"}, answers
    assert answers["200"] > SECONDS, answers
    assert grown < max(20, warm * 0.1), (warm, grown, answers)
