"""Chance that repeats itself: the same seed draws the same values and ids, on any machine and any day."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import TypeVar
from uuid import UUID

Item = TypeVar("Item")

# Fixed, not today: ids carry the time of creation, and the same seed must make the same ids tomorrow.
FIRST_MOMENT = datetime(2024, 10, 1, tzinfo=UTC)
_RANDOM_BITS = 74
_LOW_BITS = 62
_LOW_MASK = (1 << _LOW_BITS) - 1
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << _LOW_BITS


class Draw:
    """Values drawn by chance from one named stream."""

    def __init__(self, stream: str) -> None:
        # Not for secrets: repeatable is the point.
        random = Random(stream)  # noqa: S311 - see above
        self._random = random.random
        self._bits = random.getrandbits

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self._random() < probability

    def below(self, bound: int) -> int:
        """A whole number from 0, less than the bound."""
        return int(self._random() * bound)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items; an item listed twice comes twice as often."""
        return items[int(self._random() * len(items))]

    def early(self, items: Sequence[Item]) -> Item:
        """One of the items, the first ones far more often: a few have many, as in life."""
        return items[int(self._random() ** 2 * len(items))]

    def identifier(self, moment: datetime) -> UUID:
        """A version 7 UUID of that moment; ids sort by their moments."""
        bits = self._bits(_RANDOM_BITS)
        milliseconds = int(moment.timestamp() * 1000)
        return UUID(int=milliseconds << 80 | _VERSION_7 | bits >> _LOW_BITS << 64 | _VARIANT | bits & _LOW_MASK)

    def ean(self) -> str:
        """A Danish location number: 13 digits, the last of which checks the others."""
        digits = f"5790{self.below(100_000_000):08}"
        odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
        return f"{digits}{-(odd + 3 * even) % 10}"
