"""Ordinary requests that arrive in one piece are read without uvicorn's parser (ADR 28).

Parsing and answering an ordinary request as uvicorn does takes a third of the server's time for a small query. Here, a
request of the usual form is split at its line breaks, and its answer is written at once. Everything else is passed to
the parser, byte for byte, and so is everything that follows a request that is still being answered. The parser never
sees the requests that are read here, so it always stands between two requests when one is.
"""

import asyncio
from typing import Any, cast

from typing_extensions import override
from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from app.web.http_protocol import HttpProtocol
from app.web.http_whole_answers import WholeCycle
from app.web.http_whole_heads import Head, read_head


class WholeProtocol(HttpProtocol):
    """One connection, whose ordinary requests are read here and all others by the parser."""

    __slots__ = ("_head", "_idle_at", "_reads_whole")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head: Head | None = None
        """The head of the latest request that was read here. Most clients repeat it."""
        self._idle_at: float | None = None
        """The time when the latest answer was written; None if a timer of uvicorn's counts from then."""
        # What uvicorn does for these settings is left to uvicorn.
        self._reads_whole = not (config.access_log or self.root_path) and self.limit_concurrency is None

    @property
    @override
    def idle_since(self) -> float | None:
        since = super().idle_since
        return since if since is None or self._idle_at is None else self._idle_at

    @override
    def data_received(self, data: bytes) -> None:
        head = self._head
        if head is None or not data.startswith(head.text):
            head = read_head(data, head) if self._reads_whole else None
            if head is None:
                self._read(data)
                return
            self._head = head
        if len(data) == head.size and self._is_between_requests():
            self._begin(head, data[len(head.text) :])
        else:
            self._read(data)

    @override
    def look(self, now: float, stalled: float) -> None:
        if self._idle_at is not None:
            self._idle_at += stalled
            if now - self._idle_at >= self.timeout_keep_alive and not self.has_arrived():
                # What is unsent is still sent, within the limit for slow readers.
                self.transport.close()
        super().look(now, stalled)

    @override
    def _unset_keepalive_if_required(self) -> None:
        self._idle_at = None
        super()._unset_keepalive_if_required()

    def _is_between_requests(self) -> bool:
        """Return whether all earlier requests were read to their end and answered, and nothing forbids another."""
        cycle = self.cycle
        if cycle is None:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            if self.scope is not None:  # pyright: ignore[reportUnnecessaryComparison] - the same
                return False
        elif not cycle.response_complete or cycle.more_body or cycle.scope is not self.scope:
            # In particular, the rest of a body may look like a request.
            return False
        return not (
            self._unread
            or self._ahead
            or self.pipeline
            or self._has_ended
            or self._http_error is not None
            or self._state.is_draining
            or self.transport.is_closing()
        )

    def _begin(self, head: Head, body: bytes) -> None:
        """Answer a request as uvicorn does when it has read one."""
        self._unset_keepalive_if_required()
        self._waiting_since = None
        self._body_bytes = 0
        line = head.line
        self.headers = head.fields.headers.copy()
        self.scope = scope = cast(
            "HTTPScope",
            {
                "type": "http",
                "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                "http_version": "1.1",
                "server": self.server,
                "client": self.client,
                "scheme": self.scheme,
                "root_path": "",
                "headers": self.headers,
                "state": self.app_state.copy(),
                "method": line.method,
                "path": line.path,
                "raw_path": line.raw_path,
                "query_string": line.query_string,
            },
        )
        self.cycle = cycle = WholeCycle(self, self.answered, scope, body)
        self._start_asgi_task(cycle, cast("ASGI3Application", self.app))  # pyright: ignore[reportUnknownMemberType] - as in uvicorn

    def answered(self, cycle: RequestResponseCycle) -> None:
        """Wait for the next request, after the answer to one that was read here."""
        self._state.wake(self)
        if (
            self.cycle is not cycle
            or self.scope is not cycle.scope
            or self._has_ended
            or self._http_error is not None
            or self.flow.read_paused
        ):
            # The client has sent more meanwhile.
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._idle_at = self.loop.time()
