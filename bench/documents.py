"""The documents that servers are asked, and the variables that are rotated through them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.postgres import connected

QUERIES = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6")
WALK = """query Walk($first: Int!, $after: String) {
  customers(first: $first, after: $after) { pageInfo { endCursor hasNextPage } }
}
"""
"""Collects the cursors of a list, which each server makes in its own way."""
ROTATED = 40
"""How many different values the variables of a query take in turn."""
_FOLDER = Path(__file__).with_name("queries")
_LONGEST_PAGE = 200
_UNKNOWN = UUID(int=0)

Variables = Mapping[str, Any]

# Scattered over the company, and the same in every run.
_IDS = "SELECT id FROM customers WHERE company_id = $1 ORDER BY md5(id::text) LIMIT $2"
_PARENTS = """
SELECT parent_customer_id FROM customers WHERE company_id = $1 AND parent_customer_id IS NOT NULL
GROUP BY parent_customer_id HAVING count(*) >= 100 ORDER BY md5(parent_customer_id::text) LIMIT $2
"""
# A dozen that very many customers have, and others that a page of them has.
_PAIRS = """
SELECT key, value::text
FROM (
    SELECT key, value, count(*) AS held, row_number() OVER (ORDER BY count(*) DESC, md5(key || value::text)) AS place
    FROM customers, jsonb_each(metadata) WHERE company_id = $1 GROUP BY key, value
) AS counted
ORDER BY place <= 12 DESC, least(held, 20) DESC, md5(key || value::text) LIMIT $2
"""
_SIZE = "SELECT count(*) FROM customers WHERE company_id = $1"


def documents(folder: Path = _FOLDER) -> dict[str, str]:
    """The text of each query, by its name."""
    return {query: (folder / f"{query}.graphql").read_text(encoding="utf-8") for query in QUERIES}


@dataclass(frozen=True, slots=True)
class Values:
    """What the rows of one company can be asked by; cursors are each server's own."""

    customers: int
    ids: tuple[str, ...]
    parents: tuple[str, ...]
    pairs: tuple[tuple[str, Any], ...]

    @property
    def page(self) -> int:
        """The step that cursors are collected in: the longest page, if the company is large enough for so many of them."""
        return min(_LONGEST_PAGE, self.customers // (ROTATED + 10))

    @property
    def pages(self) -> int:
        """How many cursors have a longest page behind them, at most as many as are rotated."""
        return min(ROTATED, (self.customers - _LONGEST_PAGE) // self.page)

    def rotated(self, query: str, cursors: list[str]) -> list[Variables]:
        """The variables that a query is measured with."""
        if query == "Q1":
            return [{"id": each} for each in self.ids]
        if query == "Q4":
            return [{"id": each} for each in self.parents]
        if query == "Q6":
            return [{"key": key, "value": value} for key, value in self.pairs]
        return [{"after": cursor} for cursor in cursors]

    def checked(self, query: str, cursors: list[str]) -> list[Variables]:
        """The variables that answers are compared for: some of the measured ones, and what lies at the edges."""
        edges: list[Variables]
        if query in {"Q1", "Q4"}:
            edges = [{"id": str(_UNKNOWN)}, {"id": self.ids[0]}]
        elif query == "Q6":
            edges = [{"key": "no such key", "value": True}, {"key": self.pairs[0][0], "value": "no such value"}]
        else:
            edges = [{"after": None}]
        return [*self.rotated(query, cursors)[::3], *edges]


async def values_of(owner_dsn: str, company_id: UUID) -> Values:
    """Values that the company's rows hold, always the same ones."""
    async with connected(owner_dsn) as connection:
        ids = await connection.fetch(_IDS, company_id, ROTATED)
        parents = await connection.fetch(_PARENTS, company_id, ROTATED)
        pairs = await connection.fetch(_PAIRS, company_id, ROTATED)
        return Values(
            customers=await connection.fetchval(_SIZE, company_id),
            ids=tuple(str(row[0]) for row in ids),
            parents=tuple(str(row[0]) for row in parents),
            pairs=tuple((row[0], json.loads(row[1])) for row in pairs),
        )
