"""A long document that is not remembered does not keep the process from its other clients while it is made ready."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from app.web.development import DevelopmentKeys
from tests.support.started import headers_of, settings_of, started
from tests.web.probe import Probe

MOST_SECONDS = 0.045
"""Of CPU time; 0.01 to 0.02 s is usual, and 0.1 s and more where the loop does the work."""
ALIASES = 12
WIDE = """customers(first: 1) { nodes { id name email phone address city contacts(first: 1) { id name email }
  departments(first: 1) { id name } parent { id name email } children(first: 1) { nodes { id name } } } }"""
SEARCHES = ", ".join(f'{{search: "word {place}"}}' for place in range(9))
SEARCHED = f"customers(first: 1, where: {{or: [{SEARCHES}]}}) {{ nodes {{ id name }} totalCount }}"
SPREAD = "customers(first: 1) { nodes { ...wide } }"
FRAGMENT = f"fragment wide on Customer {WIDE.removeprefix('customers(first: 1) { nodes ').removesuffix(' }')}"
VARIED = "customers(first: 1, where: $where) { nodes { id } totalCount }"


def document(turn: int, field: str, before: str = "", after: str = "") -> str:
    """Another document each turn, which asks for the same."""
    return f"{before}{{ {' '.join(f'a{turn}_{place}: {field}' for place in range(ALIASES))} }} {after}"


async def ask(client: AsyncClient, query: str, variables: dict[str, Any] | None = None) -> Response:
    return await client.post("/graphql", json={"query": query, "variables": variables})


@pytest.mark.parametrize(
    ("field", "before", "after", "variables"),
    [
        pytest.param(WIDE, "", "", None, id="a text that is long"),
        pytest.param(SPREAD, "", FRAGMENT, None, id="a text that repeats a fragment"),
        pytest.param(SEARCHED, "", "", None, id="a text of many conditions"),
        pytest.param(
            VARIED,
            "query($where: CustomerFilter) ",
            "",
            {"where": {"or": [{"search": "x"}] * 9}},
            id="conditions apart",
        ),
    ],
)
async def test_the_loop_is_never_held_for_long_by_a_document_that_is_not_remembered(
    service_dsn: str,
    company: UUID,
    tmp_path: Path,
    *,
    field: str,
    before: str,
    after: str,
    variables: dict[str, Any] | None,
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    longest: list[float] = []
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        for turn in range(3):
            probe = Probe()
            # It begins at its first turn.
            await asyncio.sleep(0)
            answer = await ask(client, document(turn, field, before, after), variables)
            longest.append(await probe.stop())
            assert len(answer.json()["data"]) == ALIASES, answer.text

    # What is worked out once comes beside the first one.
    assert min(longest) < MOST_SECONDS, longest


async def test_a_long_document_that_is_wrong_is_rejected_as_a_short_one_is(
    service_dsn: str, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    wrong = "{ viewer { nothing } }"
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        short, long, again = await asyncio.gather(*(ask(client, wrong + " " * more) for more in (0, 2_000, 2_000)))
        unclosed = await ask(client, "{ viewer" + " " * 2_000)

    assert (short.status_code, short.json()) == (long.status_code, long.json()) == (again.status_code, again.json())
    assert unclosed.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED", unclosed.text
