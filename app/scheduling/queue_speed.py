"""How fast a queue moves on, so that requests that would wait for too long can be rejected at once."""

import time

_KEPT = 0.9
"""How much of each measure is kept at the next: the last ten turns count for two thirds."""


class QueueSpeed:
    """Measures the time between turns while requests wait. It is known after a number of turns, `settled`."""

    def __init__(self, settled: int) -> None:
        self._settled = settled
        self.begin()

    def begin(self) -> None:
        """Begin anew: the first request waits. What kind of requests waited earlier says nothing about these."""
        self._number = 0
        self._turns = self._seconds = 0.0
        self._latest = time.monotonic()

    def note_turn(self) -> None:
        """Note that a turn has ended while others wait."""
        now = time.monotonic()
        self._number += 1
        self._turns = self._turns * _KEPT + 1
        self._seconds = self._seconds * _KEPT + now - self._latest
        self._latest = now

    def turns_within(self, seconds: float, most: int) -> int:
        """Return how many requests get their turn within a time; `most` if there are more, or if it isn't known yet."""
        if self._number < self._settled or self._turns * seconds >= most * self._seconds:
            return most
        return int(self._turns * seconds / self._seconds)
