"""How workers ended: their log lines, and those that have been told to end and still answer requests."""

import signal
import time

import structlog
from uvicorn.supervisors.multiprocess import Process

from app.web.shared_metrics import forget_process

_log = structlog.get_logger()

_POLL_SECONDS = 0.05


class RetiredWorkers:
    """Workers that were told to end, and are not waited for: each answers its requests first."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        """How long a worker may take to end before it is killed."""
        self._end_by: dict[Process, float] = {}

    def add(self, process: Process) -> None:
        """Tell a worker to end."""
        process.terminate()
        self._end_by[process] = time.monotonic() + self._patience_seconds

    def look(self) -> None:
        """Forget the workers that have ended, log those that died, and kill those that take too long."""
        for process, end in list(self._end_by.items()):
            is_running = process.process.is_alive()
            if is_running and time.monotonic() < end:
                continue
            if is_running:
                process.kill()
            process.join()
            del self._end_by[process]
            if process.exitcode == 0:
                _forget(process)
            else:
                log_death(process, replaced_by=None, stopped_answering=is_running)

    def join(self, patience_seconds: float) -> None:
        """Wait until all have ended, and kill those that take longer than this from now on."""
        latest = time.monotonic() + patience_seconds
        self._end_by = {process: min(end, latest) for process, end in self._end_by.items()}
        while self._end_by:
            self.look()
            time.sleep(_POLL_SECONDS)


def log_death(process: Process, *, replaced_by: int | None, stopped_answering: bool) -> None:
    """Log that a worker ended that was not told to, or that failed to end, and forget its gauges."""
    code, signal_name = exit_of(process)
    if code == 0 and not stopped_answering:
        _log.warning("worker_ended", pid=process.pid, replaced_by=replaced_by)
    else:
        _log.error(
            "worker_died",
            pid=process.pid,
            exit_code=code,
            signal=signal_name,
            stopped_answering=stopped_answering,
            replaced_by=replaced_by,
        )
    _forget(process)


def log_failed_restart(process: Process, *, stopped_answering: bool) -> None:
    """Log that a new worker did not serve, so that the old ones stay, and forget its gauges."""
    code, signal_name = exit_of(process)
    _log.error(
        "restart_failed",
        pid=process.pid,
        exit_code=code,
        signal=signal_name,
        stopped_answering=stopped_answering,
    )
    _forget(process)


def exit_of(process: Process) -> tuple[int | None, str | None]:
    """Return a process's exit code and None, or None and the name of the signal that ended it."""
    code = process.exitcode
    return (None, _signal_name(-code)) if code is not None and code < 0 else (code, None)


def _forget(process: Process) -> None:
    if process.pid is not None:
        forget_process(process.pid)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
