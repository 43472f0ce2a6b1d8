"""The order of rows: parents before the rows that name them, wherever they are in the file."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Order(NamedTuple):
    """How far each row is below a row without a parent in the file; rows without one are left out."""

    levels: Mapping[int, int]
    circles: Sequence[Sequence[int]]
    """Rows that name each other as parents, so that none of them can be first."""


def order_of(parents: Mapping[int, int]) -> Order:
    """Return the order of rows by the parents of those that have one in the file."""
    levels: dict[int, int] = {}
    circles: list[list[int]] = []
    for start in parents:
        chain: dict[int, None] = {}
        row = start
        while row in parents and row not in levels and row not in chain:
            chain[row] = None
            row = parents[row]
        rows = list(chain)
        if row in chain:
            circle = rows[rows.index(row) :]
            circles.append(circle)
            levels.update(dict.fromkeys(circle, 0))
            rows = rows[: -len(circle)]
        level = levels.get(row, 0)
        for below in reversed(rows):
            level += 1
            levels[below] = level
    return Order(levels, circles)
