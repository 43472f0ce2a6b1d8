"""A worker process of `serve --workers N`: its start, and its shutdown when its parent ends."""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from types import FrameType
from typing import NoReturn, cast

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Process

from app.db.write_health import WritesSeen, shared
from app.settings import load_settings
from app.web.collector import paused_collector
from app.web.connections import ConnectionLimits
from app.web.log_hooks import log_what_python_prints
from app.web.logs import configure_logging
from app.web.server import Server
from app.web.shared_metrics import reserve_shared_space

_log = structlog.get_logger()

_HANGING_UP_SECONDS = 0.2
"""How long to wait, in seconds, for a parent process that has closed its pipe to end, before it counts as alive."""


class ServingConfig(uvicorn.Config):
    """uvicorn's configuration for `serve`, which configures logging first in each process."""

    connection_limits = ConnectionLimits()

    def configure_logging(self) -> None:
        """Configure the logging of this process. uvicorn calls this in the parent process and in each worker."""
        configure_logging(load_settings())
        log_what_python_prints()
        if multiprocessing.parent_process() is not None:
            # Without these, a signal would end the process before its last log lines are written.
            end_on_signals()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def load(self) -> None:
        """Load the application. A worker that fails to logs the exception, and exits with STARTUP_FAILURE."""
        if multiprocessing.parent_process() is None:
            with paused_collector():
                super().load()
            return
        reserve_shared_space()
        try:
            with paused_collector():
                super().load()
        except Exception as error:  # noqa: BLE001 - any exception would also end the next worker
            _log.critical("worker_failed_to_start", exc_info=error)
            sys.exit(STARTUP_FAILURE)


class Worker(Process):
    """A worker process, which shuts down when its parent ends."""

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve. This runs in the worker's process."""
        # Close this process's copy, so that reading the pipe ends when the parent closes its end, or dies.
        self.parent_conn.close()
        self.server.share_listener()
        threading.Thread(target=self._answer_parent, name="parent", daemon=True).start()
        self.server.run(sockets)

    def pong(self) -> None:
        """Answer the parent's health check: whether this worker serves, and which writes to the database failed."""
        received = self.child_conn.recv()
        if isinstance(received, WritesSeen):
            shared.learn(received)
        self.child_conn.send((self.server.started, shared.seen))

    def _healthcheck(self, timeout: float) -> bool | None:
        """Return whether this worker serves; None if it doesn't answer in time. uvicorn calls this in the parent."""
        answer = cast("tuple[bool, WritesSeen] | None", super()._healthcheck(timeout))
        return None if answer is None else answer[0]

    @property
    def server(self) -> Server:
        """The server of this process."""
        if self._server is None:
            limits = self.config.connection_limits if isinstance(self.config, ServingConfig) else None
            self._server = Server(self.config, limits)
        assert isinstance(self._server, Server)  # noqa: S101 - created above
        return self._server

    def _answer_parent(self) -> None:
        with suppress(EOFError, OSError):
            self.always_pong()
        parent = multiprocessing.parent_process()
        assert parent is not None  # noqa: S101 - this is a worker
        # A process that dies may close its pipe shortly before it ends.
        parent.join(_HANGING_UP_SECONDS)
        is_orphan = not parent.is_alive()
        if is_orphan:
            _log.error("parent_process_died", parent_pid=parent.pid)
        self.server.end_with_others(is_orphan=is_orphan)


def end_on_signals() -> None:
    """Raise SystemExit on SIGTERM and Ctrl-C, so that context managers clean up. Further signals are ignored."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        handle(signal.SIG_IGN)
        sys.exit(0)

    def handle(handler: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)

    handle(end)
