"""The C library's allocator keeps memory that was freed. After many answers, it is given back to the system."""

import ctypes
from contextlib import suppress

FREED_BYTES = 32_000_000
"""How many bytes fewer must be buffered than before, for free memory to be given back."""


class FreedMemory:
    """Gives free memory back to the system after many of the bytes that are buffered for clients were freed.

    glibc's heap shrinks only at its end. After 100 MB of answers that clients had not read, a process kept 150 MB of
    free memory below a few small blocks. Mapping each large block separately (M_MMAP_THRESHOLD) would give it back at
    once, but takes up to three times as much CPU time for each large answer. Giving 150 MB back takes 12 ms.
    """

    def __init__(self) -> None:
        self._most = 0
        """The most bytes that were buffered since memory was given back."""
        self._is_due = False

    def note(self, buffered: int) -> None:
        """Note how many bytes are buffered."""
        self._most = max(self._most, buffered)

    def look(self, buffered: int) -> None:
        """Note how many bytes are buffered, and give free memory back if at the last look there were many fewer.

        Not at once, because connections that were just closed free their bytes in the next turn of the event loop.
        """
        if self._is_due:
            _give_back()
        self.note(buffered)
        self._is_due = self._most - buffered >= FREED_BYTES
        if self._is_due:
            self._most = buffered


def _give_back() -> None:
    # Only glibc has this function.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
