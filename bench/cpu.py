"""Processor time and memory of processes from the kernel, and the cores that they are held to."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name: user and system time of children that have ended and were waited for.
_CHILDREN_USER, _CHILDREN_SYSTEM = 13, 14
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores do what."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """One core for the server; PostgreSQL and the load share another, or the same one where there is but one."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(frozenset(allowed[:1]), frozenset(allowed[:2][-1:]))

    @classmethod
    def unpinned(cls) -> "Cores":
        """All cores for everything."""
        allowed = frozenset(os.sched_getaffinity(0))
        return cls(allowed, allowed)

    @property
    def shared(self) -> bool:
        """Whether the server has no core of its own."""
        return self.server == self.others


@contextmanager
def held_to(cores: Iterable[int]) -> Generator[None]:
    """Hold this thread to these cores; what it starts meanwhile stays there for good."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_seconds(pid: int) -> float:
    """How long a process and all below it have run so far, those that have ended included."""
    nanoseconds = sum(_run_nanoseconds(each) for each in _family(pid))
    return nanoseconds / 1e9 + _ended_seconds(pid)


def resident_megabytes(pid: int) -> float:
    """The memory that a process and all below it hold; what they share counts once for each."""
    pages = 0
    for each in _family(pid):
        fields = _read(_PROC / str(each) / "statm").split()
        pages += int(fields[1]) if fields else 0
    return pages * _PAGE_BYTES / 1e6


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for thread in _threads(each):
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
    # A worker that PostgreSQL started and that is gone again left its time with its parent, counted in clock ticks.
    fields = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if not fields:
        return 0.0
    return (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / _TICKS_PER_SECOND


def _read(path: Path) -> str:
    # Threads and processes come and go between listing and reading.
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
