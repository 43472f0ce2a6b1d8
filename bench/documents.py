"""The measured documents, and their variables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.load import NUMBER
from bench.postgres import connected

READS = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7")
WRITES = ("M1",)
"""Mutations, which run on a copy of the rows."""
QUERIES = (*READS, *WRITES)
WALK = """query Walk($first: Int!, $after: String) {
  customers(first: $first, after: $after) { pageInfo { endCursor hasNextPage } }
}
"""
"""The document that collects cursors, which differ between servers."""
ROTATED = 40
"""Number of different values for the variables of a query, which requests use in turn."""
_FOLDER = Path(__file__).with_name("queries")
_MAX_PAGE = 200
_UNKNOWN = UUID(int=0)

Variables = Mapping[str, Any]

# Distributed over the company, and the same in every run.
_IDS = "SELECT id FROM customers WHERE company_id = $1 ORDER BY md5(id::text) LIMIT $2"
_PARENTS = """
SELECT parent_customer_id FROM customers WHERE company_id = $1 AND parent_customer_id IS NOT NULL
GROUP BY parent_customer_id HAVING count(*) >= 100 ORDER BY md5(parent_customer_id::text) LIMIT $2
"""
# Twelve pairs that very many customers have, and others that about 20 customers have.
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
    """Return the text of each query by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("[QMS]?.graphql")}


@dataclass(frozen=True, slots=True)
class Values:
    """Values of one company's rows for the variables, without cursors, because they differ between servers."""

    customers: int
    ids: tuple[str, ...]
    parents: tuple[str, ...]
    pairs: tuple[tuple[str, Any], ...]

    @property
    def page(self) -> int:
        """The page size for collecting cursors: the maximum if the company is large enough for ROTATED pages."""
        return max(1, min(_MAX_PAGE, self.customers // (ROTATED + 10)))

    @property
    def pages(self) -> int:
        """Number of cursors with a full page after them, at most ROTATED."""
        return max(0, min(ROTATED, (self.customers - _MAX_PAGE) // self.page))

    def rotated(self, query: str, cursors: list[str]) -> list[Variables]:
        """Return the variables with which a query is measured."""
        if query == "Q1":
            return [{"id": customer_id} for customer_id in self.ids]
        if query in WRITES:
            return [{"id": customer_id, "notes": f"Note {NUMBER}", "key": NUMBER} for customer_id in self.ids]
        if query == "Q4":
            return [{"id": customer_id} for customer_id in self.parents]
        if query == "Q6":
            return [{"key": key, "value": value} for key, value in self.pairs]
        return [{"after": cursor} for cursor in cursors or (None,)]

    def checked(self, query: str, cursors: list[str]) -> list[Variables]:
        """Return the variables for which answers are compared: a third of the measured ones, and edge cases."""
        edges: list[Variables]
        if query in {"Q1", "Q4"}:
            edges = [{"id": str(_UNKNOWN)}, {"id": self.ids[0]}]
        elif query == "Q6":
            edges = [{"key": "no such key", "value": True}, {"key": self.pairs[0][0], "value": "no such value"}]
        else:
            edges = [{"after": None}]
        return [*self.rotated(query, cursors)[::3], *edges]


async def values_of(owner_dsn: str, company_id: UUID) -> Values:
    """Return values of the company's rows, the same in every run."""
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
