"""Repeatable pseudo-random values: the same seed gives the same values and ids on any machine and day."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import TypeVar
from uuid import UUID

Item = TypeVar("Item")

_TIME_SHIFT = 80
_RANDOM_BITS = 74
_LOW_BITS = 62
_LOW_MASK = (1 << _LOW_BITS) - 1
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << _LOW_BITS


class Draw:
    """Pseudo-random values from a named stream."""

    def __init__(self, stream: str) -> None:
        # Repeatable on purpose; not for secrets.
        random = Random(stream)  # noqa: S311 - see above
        self._random = random.random
        self._bits = random.getrandbits

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._random() < probability

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to below the bound."""
        return int(self._random() * bound)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items. An item that is listed twice is twice as likely."""
        return items[int(self._random() * len(items))]

    def early(self, items: Sequence[Item]) -> Item:
        """Return one of the items; earlier items are far more likely."""
        return items[int(self._random() ** 2 * len(items))]

    def uuid(self, moment: datetime) -> UUID:
        """Return a version 7 UUID of this time."""
        return self._uuid(int(moment.timestamp() * 1000))

    def uuid_beside(self, other: UUID) -> UUID:
        """Return a version 7 UUID of the same time as another one."""
        return self._uuid(other.int >> _TIME_SHIFT)

    def _uuid(self, milliseconds: int) -> UUID:
        bits = self._bits(_RANDOM_BITS)
        return UUID(
            int=milliseconds << _TIME_SHIFT | _VERSION_7 | bits >> _LOW_BITS << 64 | _VARIANT | bits & _LOW_MASK
        )

    def ean(self) -> str:
        """Return a Danish EAN location number: 13 digits, the last one a check digit."""
        digits = f"5790{self.below(100_000_000):08}"
        odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
        return f"{digits}{-(odd + 3 * even) % 10}"
