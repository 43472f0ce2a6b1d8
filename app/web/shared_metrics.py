"""The folder in which several processes share metrics: its files, from a process's start to its end."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import structlog
from prometheus_client import Metric, ProcessCollector, values
from prometheus_client.multiprocess import mark_process_dead  # pyright: ignore[reportUnknownVariableType] - it is open
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue

_log = structlog.get_logger()

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder's path."""

_RESERVED_BYTES = {"counter": 1 << 20, "histogram": 1 << 20, "gauge_livesum": 1 << 16, "gauge_livemax": 1 << 16}
"""Initial size of each file of a process, in bytes: more than all series need."""


def reserve_shared_space() -> None:
    """Allocate this process's files in the shared folder, which is created if it is missing.

    The files are memory-mapped: on a full file system, writing to an unallocated page would end the process with
    SIGBUS. If they can't be allocated, the process doesn't share its metrics.
    """
    if SHARED_FOLDER not in os.environ:
        return
    folder = Path(os.environ[SHARED_FOLDER])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind, size in _RESERVED_BYTES.items():
            with (folder / f"{kind}_{os.getpid()}.db").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        _log.error("metrics_not_shared", folder=str(folder), reason=error.strerror)
        _remove_files(folder, os.getpid())
        del os.environ[SHARED_FOLDER]
        # The library chose its class from the variable when it was imported.
        values.ValueClass = MutexValue


def forget_process(pid: int) -> None:
    """Remove a process that has ended from the gauges. Its counters stay, in files truncated to the used size."""
    if SHARED_FOLDER not in os.environ:
        return
    with suppress(OSError):
        mark_process_dead(pid)
        for kind in ("counter", "histogram"):
            path = Path(os.environ[SHARED_FOLDER]) / f"{kind}_{pid}.db"
            with path.open("rb") as file:
                # The file starts with its used size.
                used = int.from_bytes(file.read(4), sys.byteorder)
            os.truncate(path, used) if used else path.unlink()


class Processes(Collector):
    """The process metrics of all workers, each with its process id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Return the operating system's figures about each worker."""
        found: dict[str, Metric] = {}
        # Each worker has such a file from its start until `forget_process` removes it.
        for pid in sorted({path.stem.rpartition("_")[2] for path in self._folder.glob("gauge_live*.db")}):
            for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():
                known = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    known.add_sample(sample.name, {**sample.labels, "pid": pid}, sample.value)
        return found.values()


def _remove_files(folder: Path, pid: int) -> None:
    for kind in _RESERVED_BYTES:
        with suppress(OSError):
            (folder / f"{kind}_{pid}.db").unlink()
