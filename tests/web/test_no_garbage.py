"""The values of an operation are freed with its answer, and not only when the garbage collector comes by."""

import gc
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.web.development import DevelopmentKeys
from tests.support.started import headers_of, settings_of, started

ENTITIES = "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }"
ITEMS = 2_000


def customers(malformed: int) -> list[dict[str, str]]:
    ids = ["x"] * malformed + [str(uuid4()) for _ in range(ITEMS - malformed)]
    return [{"__typename": "Customer", "id": customer_id} for customer_id in ids]


@pytest.mark.parametrize("malformed", [0, 100, ITEMS])
async def test_little_is_left_to_the_garbage_collector(
    service_dsn: str, company: UUID, tmp_path: Path, malformed: int
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    request = {"query": ENTITIES, "variables": {"r": customers(malformed)}}
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json=request)
        gc.collect()
        gc.disable()
        try:
            answer = await client.post("/graphql", json=request)
            gc.set_debug(gc.DEBUG_SAVEALL)
            left = gc.collect()
            garbage: list[Any] = gc.garbage
            large = sum(type(collected) in {list, dict} and len(collected) >= ITEMS for collected in garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    assert answer.status_code == (400 if malformed > 100 else 200)
    # With 100 errors their nodes, paths and locations are left, which are small; with the rest it was 5,300.
    assert left < ITEMS
    assert not large
