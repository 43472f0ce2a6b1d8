"""New ids: UUIDs of version 7, which sort by the moment they were made."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """A new id: 48 bits of milliseconds, the rest random."""
    random = secrets.randbits(74)
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1))
