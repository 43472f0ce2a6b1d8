"""The supervisor of `serve --workers N`: start workers, replace them, and log how they ended."""

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from socket import socket

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from app.cli.worker import Worker
from app.db.write_health import WritesSeen
from app.web.acceptor import refuse_new_connections
from app.web.shared_metrics import forget_process

_log = structlog.get_logger()

_MAX_FAILED_STARTS = 5
"""Number of workers in a row that end before they serve, while no other serves, after which the service ends."""
_MAX_PAUSE_SECONDS = 30
"""Maximum pause before a worker is replaced, after several that ended before they served."""
_ANSWER_SECONDS = 60
"""Maximum time for a worker to answer a health check before it is replaced."""


class Workers(Multiprocess):
    """uvicorn's supervisor, changed to not wait for workers' answers, and to log how workers ended."""

    has_failed = False
    """Whether a worker could not start."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._unanswered: dict[Process, float] = {}
        """Workers that have not answered the last health check, with its time."""
        self._serving: set[Process] = set()
        """Workers that have answered that they serve."""
        self._replaced_at: dict[Process, float] = {}
        """Workers that have ended, with the time when they will be replaced."""
        self._failed_starts = 0
        """Number of workers in a row that ended before they served."""
        self._writes_seen = WritesSeen()
        """What the workers know about writes to the database, which is sent to each of them."""

    def init_processes(self) -> None:
        """Start the workers."""
        self.processes = [self._start() for _ in range(self.config.workers)]

    def restart_all(self) -> None:
        """Start a new worker for each old one, then end the old one. uvicorn calls this on SIGHUP."""
        for place, old in enumerate(self.processes):
            new = self._start()
            if not new.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit):
                new.kill()
                new.join()
                return
            old.terminate()
            old.join()
            self.processes[place] = new

    def handle_ttin(self) -> None:
        """Add a worker. uvicorn calls this on SIGTTIN."""
        self.processes_num += 1
        self.processes.append(self._start())

    def terminate_all(self) -> None:
        """Stop accepting connections in all workers, and end the workers."""
        for listener in self.sockets:
            refuse_new_connections(listener)
        super().terminate_all()
        for listener in self.sockets:
            # Connections that are not accepted would otherwise wait until this process ends.
            listener.close()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that ended or don't answer. If none can start, end the service."""
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if process in self._replaced_at:
                if time.monotonic() >= self._replaced_at[process]:
                    del self._replaced_at[process]
                    self._replace(place)
                continue
            is_running = process.process.is_alive()
            if not (is_running and self._answers(process)):
                self._end_worker(place, process, stopped_answering=is_running)

    def _end_worker(self, place: int, process: Process, *, stopped_answering: bool) -> None:
        """Kill a worker if it still runs, and replace it at once or later, or end the service."""
        process.kill()
        process.join()
        self._unanswered.pop(process, None)
        self._failed_starts = 0 if process in self._serving else self._failed_starts + 1
        self._serving.discard(process)
        others_serve = any(worker.process.is_alive() for worker in self._serving)
        if not others_serve and (process.exitcode == STARTUP_FAILURE or self._failed_starts >= _MAX_FAILED_STARTS):
            if process.exitcode != STARTUP_FAILURE:
                code, signal_name = _ending_of(process)
                _log.critical("workers_end_at_once", workers=self._failed_starts, exit_code=code, signal=signal_name)
            self.has_failed = True
            self.should_exit.set()
            return
        replaced_by = None
        if self._failed_starts > 1:
            pause = min(2.0 ** (self._failed_starts - 2), _MAX_PAUSE_SECONDS)
            self._replaced_at[process] = time.monotonic() + pause
        else:
            replaced_by = self._replace(place).pid
        _log_death(process, replaced_by=replaced_by, stopped_answering=stopped_answering)

    def _replace(self, place: int) -> Process:
        self.processes[place] = replacement = self._start()
        return replacement

    def _start(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        with _interrupts_held():
            worker.start()
        return worker

    def _answers(self, process: Process) -> bool:
        """Return whether a worker answers in time, and start a health check if none is open."""
        now = time.monotonic()
        try:
            if process in self._unanswered and process.parent_conn.poll():
                has_started, seen = process.parent_conn.recv()
                self._writes_seen = self._writes_seen.merge(seen)
                if has_started:
                    self._serving.add(process)
                del self._unanswered[process]
            if process not in self._unanswered:
                self._unanswered[process] = now
                process.parent_conn.send(self._writes_seen)
        except (OSError, EOFError):
            return False
        return now - self._unanswered[process] < _ANSWER_SECONDS


def _log_death(process: Process, *, replaced_by: int | None, stopped_answering: bool) -> None:
    code, signal_name = _ending_of(process)
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
    if process.pid is not None:
        forget_process(process.pid)


def _ending_of(process: Process) -> tuple[int | None, str | None]:
    """Return a process's exit code and None, or None and the name of the signal that ended it."""
    code = process.exitcode
    return (None, _signal_name(-code)) if code is not None and code < 0 else (code, None)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


@contextmanager
def _interrupts_held() -> Generator[None]:
    """Block SIGINT, which Ctrl-C sends to the whole group: a worker that is starting would print a traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
