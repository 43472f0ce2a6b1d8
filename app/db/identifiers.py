"""New ids: version 7 UUIDs, which sort by their time of creation."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """Return a new version 7 UUID: 48 bits of milliseconds and 74 random bits."""
    random = secrets.randbits(74)
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1))
