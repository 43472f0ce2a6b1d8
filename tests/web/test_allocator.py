"""Free memory is given back to the system after many answers, and not after a few."""

import ctypes
import subprocess
import sys

import pytest

from app.web.allocator import FREED_BYTES
from tests.support.commands import ROOT

_BLOCKS, _MB = 20, 10
# In a new process, because the heap is the process's. Small blocks between the large ones keep it from shrinking.
_PROGRAM = f"""
import os, sys
from app.web.allocator import FreedMemory

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

freed = FreedMemory()
b"x" * {2 * _MB * 10**6}
before = resident_mb()
large, small = [], []
for number in range({_BLOCKS}):
    large.append(b"x" * ({_MB * 10**6} - number))
    small.append(b"x" * 2_000)
full = resident_mb() - before
freed.note(int(sys.argv[1]))
freed.look(0)
# Connections that are closed free their bytes only after the look.
large.clear()
freed.look(0)
print(full, resident_mb() - before)
"""


def _measured(most_bytes: int) -> tuple[float, float]:
    """Return how many MB a process grows by blocks, and how many are left when the blocks are freed and this number of
    bytes was noted."""
    printed = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(most_bytes)],
        env={},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    full, left = map(float, printed.split())
    return full, left


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc has the function")
@pytest.mark.parametrize(("most_bytes", "is_given_back"), [(FREED_BYTES, True), (FREED_BYTES - 1, False)])
def test_free_memory_is_given_back_after_many_bytes_were_freed(most_bytes: int, *, is_given_back: bool) -> None:
    full, left = _measured(most_bytes)

    assert full > _BLOCKS * _MB * 0.9
    # What is left without it shows that the allocator keeps what the test frees.
    assert left < 5 if is_given_back else left > 50
