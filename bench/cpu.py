"""CPU time and memory of processes, and their pinning to cores."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Indexes in /proc/<pid>/stat after the name: user and system time of children that were waited for.
_CHILDREN_USER, _CHILDREN_SYSTEM = 13, 14
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores for the server, and for PostgreSQL and the load."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Return a core for the server, and one for PostgreSQL and the load; the same on a machine with one core."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(frozenset(allowed[:1]), frozenset(allowed[:2][-1:]))

    @classmethod
    def unpinned(cls) -> "Cores":
        """Return all cores for all processes."""
        allowed = frozenset(os.sched_getaffinity(0))
        return cls(allowed, allowed)

    @property
    def shared(self) -> bool:
        """Whether the server shares its cores."""
        return self.server == self.others


@contextmanager
def held_to(cores: Iterable[int]) -> Generator[None]:
    """Pin this thread to cores. Processes started meanwhile stay pinned."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_seconds(pid: int) -> float:
    """Return the CPU time of a process and its descendants so far, including those that have ended."""
    nanoseconds = sum(map(_run_nanoseconds, _family(pid)))
    return nanoseconds / 1e9 + _ended_seconds(pid)


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of a process and its descendants. Shared memory counts for each of them."""
    pages = 0
    for member in _family(pid):
        fields = _read(_PROC / str(member) / "statm").split()
        pages += int(fields[1]) if fields else 0
    return pages * _PAGE_BYTES / 1e6


def _family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        for thread in _threads(member):
            found.extend(int(child) for child in _read(thread / "children").split())
    return found


def _threads(pid: int) -> list[Path]:
    try:
        return list((_PROC / str(pid) / "task").iterdir())
    except FileNotFoundError:
        return []


def _run_nanoseconds(pid: int) -> int:
    total = 0
    for thread in _threads(pid):
        fields = _read(thread / "schedstat").split()
        total += int(fields[0]) if fields else 0
    return total


def _ended_seconds(pid: int) -> float:
    # The time of PostgreSQL's workers that have ended is added to their parent, in clock ticks.
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if not fields:
        return 0.0
    return (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / _TICKS_PER_SECOND


def _read(path: Path) -> str:
    # Threads and processes may end between listing and reading.
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
