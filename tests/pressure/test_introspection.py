"""Many queries for the whole schema at once: small queries hardly notice, and memory stays bounded."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from graphql import get_introspection_query
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.development import DevelopmentKeys
from tests.pressure.waits import AT_ONCE, SMALL, waits_of_another
from tests.support.served import api_key_headers, post, served
from tests.support.started import settings_of

pytestmark = pytest.mark.slow

TYPES = "types { name description fields { name description type { name ofType { name } } args { name } } }"
QUERIES = {
    "the full query": get_introspection_query(input_value_deprecation=True, one_of=True),
    "most of what is allowed": "{" + " ".join(f"a{place}: __schema {{ {TYPES} }}" for place in range(6)) + "}",
    "the text three times": "{ a: _service { sdl } b: _service { sdl c: sdl } }",
}


@pytest_asyncio.fixture(loop_scope="session")
async def api_key(owner_engine: AsyncEngine, company: UUID) -> dict[str, str]:
    return await api_key_headers(owner_engine, company)


@pytest.mark.parametrize("name", QUERIES)
async def test_many_queries_for_the_whole_schema_hardly_delay_others(
    name: str, service_dsn: str, api_key: dict[str, str], tmp_path: Path
) -> None:
    settings = settings_of(service_dsn, DevelopmentKeys(tmp_path / "keys"))
    environment = {key.upper(): str(value) for key, value in settings.items()}
    asked = {"query": QUERIES[name]}
    with served(tmp_path / "log", **environment) as running:
        for _ in range(20):
            await post(running.port, api_key, SMALL)
        first = await post(running.port, api_key, asked)
        before, over = running.memory_mb(), asyncio.Event()
        other = asyncio.create_task(waits_of_another(running, api_key, over))
        await asyncio.sleep(0.1)
        used = running.cpu_seconds()
        answers = await asyncio.gather(*(post(running.port, api_key, asked) for _ in range(AT_ONCE)))
        used = running.cpu_seconds() - used
        over.set()
        waits, memory = await other

    figures = {
        "alone": first[0],
        "bytes": len(first[2]),
        "answered": sum(status == 200 for _, status, _ in answers),
        "slowest": max(seconds for seconds, _, _ in answers),
        "CPU": used,
        "other": max(waits),
        "grown": memory - before,
    }
    # On a busy machine, those that would get no turn in time are rejected.
    assert {status for _, status, _ in answers} <= {200, 503}, figures
    assert figures["answered"] >= AT_ONCE / 8, figures
    # Of CPU time: 0.04 to 0.13 s.
    assert figures["other"] < 0.3, figures
    assert figures["grown"] < 100, figures
