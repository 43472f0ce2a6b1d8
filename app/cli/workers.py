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
from app.cli.worker_endings import RetiredWorkers, exit_of, log_death, log_failed_restart
from app.db.write_health import WritesSeen
from app.web.acceptor import refuse_new_connections
from app.web.server import AFTER_GRACE_SECONDS

_log = structlog.get_logger()

_MAX_FAILED_STARTS = 5
"""Number of workers in a row that end before they serve, while no other serves, after which the service ends."""
_MAX_PAUSE_SECONDS = 30
"""Maximum pause before a worker is replaced, after several that ended before they served."""
_ANSWER_SECONDS = 60
"""Maximum time for a worker to answer a health check before it is replaced, and for a new one to serve in a restart."""


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
        self._outdated: set[Process] = set()
        """Workers that a restart has yet to replace."""
        self._newcomer: tuple[Process, float] | None = None
        """The worker that a restart has started and that doesn't serve yet, with the time when it must."""
        self._grace_seconds = config.timeout_graceful_shutdown or 0
        self._retired = RetiredWorkers(self._grace_seconds + _ANSWER_SECONDS)

    def init_processes(self) -> None:
        """Start the workers."""
        self.processes = [self._start() for _ in range(self.config.workers)]

    def restart_all(self) -> None:
        """Begin to replace all workers, one after the other. uvicorn calls this on SIGHUP.

        An old worker is told to end when its replacement serves. If one doesn't, the remaining old ones stay.
        """
        self._outdated = {*self.processes}
        if self._newcomer is not None:
            self._outdated.add(self._newcomer[0])

    def handle_ttin(self) -> None:
        """Add a worker. uvicorn calls this on SIGTTIN."""
        self.processes_num += 1
        self.processes.append(self._start())

    def handle_ttou(self) -> None:
        """End a worker, unless it is the only one. uvicorn calls this on SIGTTOU."""
        if self.processes_num > 1:
            self.processes_num -= 1
            self._retire(self.processes.pop())

    def join_all(self) -> None:
        """Wait until all workers have ended, and kill those that hang after the grace period."""
        self._retired.join(self._grace_seconds + AFTER_GRACE_SECONDS)

    def terminate_all(self) -> None:
        """Stop accepting connections in all workers, and end the workers."""
        for listener in self.sockets:
            refuse_new_connections(listener)
        if self._newcomer is not None:
            # It may have begun to serve.
            self.processes.append(self._newcomer[0])
        for process in self.processes:
            # One that has ended was logged.
            if process.process.is_alive():
                self._retired.add(process)
        for listener in self.sockets:
            # Connections that are not accepted would otherwise wait until this process ends.
            listener.close()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that ended or don't answer, and continue a restart.

        If no worker can start, end the service.
        """
        self._retired.look()
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
        if not self.should_exit.is_set():
            self._continue_restart()

    def _continue_restart(self) -> None:
        """Start a replacement for the next old worker, or put it in place when it serves."""
        place = next((place for place, process in enumerate(self.processes) if process in self._outdated), None)
        if self._newcomer is not None:
            self._look_at_newcomer(place, *self._newcomer)
        elif place is not None:
            self._newcomer = (self._start(), time.monotonic() + _ANSWER_SECONDS)
        elif self._outdated:
            self._outdated.clear()
            _log.info("workers_restarted", workers=len(self.processes))

    def _look_at_newcomer(self, place: int | None, newcomer: Process, serve_by: float) -> None:
        is_running = newcomer.process.is_alive()
        may_serve = is_running and self._answers(newcomer) and time.monotonic() < serve_by
        if newcomer in self._serving:
            self._newcomer = None
            if place is None:
                # The old worker has ended by itself and was replaced.
                self._retire(newcomer)
                return
            old, self.processes[place] = self.processes[place], newcomer
            _log.info("worker_replaced", pid=old.pid, replaced_by=newcomer.pid)
            self._retire(old)
        elif not may_serve:
            self._newcomer = None
            self._outdated.clear()
            newcomer.kill()
            newcomer.join()
            self._unanswered.pop(newcomer, None)
            log_failed_restart(newcomer, stopped_answering=is_running)

    def _retire(self, process: Process) -> None:
        """Tell a worker to end, without waiting for it."""
        self._unanswered.pop(process, None)
        self._serving.discard(process)
        # One that has ended and has not been replaced yet was logged.
        if self._replaced_at.pop(process, None) is None:
            self._retired.add(process)

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
                code, signal_name = exit_of(process)
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
        log_death(process, replaced_by=replaced_by, stopped_answering=stopped_answering)

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


@contextmanager
def _interrupts_held() -> Generator[None]:
    """Block SIGINT, which Ctrl-C sends to the whole group: a worker that is starting would print a traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
