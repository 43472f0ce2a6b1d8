"""Requests that a client sends before it has the answers to earlier ones: how many are parsed, and how much more is read."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

PIECE_BYTES = 2_048
"""Bytes that are parsed at a time: some hundred of the shortest requests, of which each takes a hundred times its size."""
MAX_AHEAD = 4
"""Number of requests that wait for the answers before them, from which on nothing more is parsed or read."""
REQUEST_BYTES = 2_500
"""Memory of a short request that was parsed and waits, in bytes."""


class PipelineFlow(FlowControl):
    """Pauses and resumes a connection, except that it reads on only while few requests wait for their turn.

    uvicorn resumes after each answer, and whenever an application asks whether the client is still there.
    """

    def __init__(self, transport: asyncio.Transport, may_read: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._may_read = may_read

    def resume_reading(self) -> None:
        """Read on, if there is room for what is read."""
        if self.read_paused and self._may_read():
            super().resume_reading()
