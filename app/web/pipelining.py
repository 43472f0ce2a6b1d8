"""Limits on pipelining: requests that a client sends before it has received the answers to earlier ones."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

PIECE_BYTES = 2_048
"""Bytes parsed at a time: about a hundred of the shortest requests, each of which takes a hundred times its size."""
MAX_AHEAD = 4
"""Maximum number of requests that wait for earlier answers; beyond it, parsing and reading stop."""
REQUEST_BYTES = 2_500
"""Memory of a short, parsed request that waits, in bytes."""


class PipelineFlow(FlowControl):
    """uvicorn's flow control, which resumes reading only while few requests wait.

    uvicorn itself resumes after each answer, and when the application checks whether the client is connected.
    """

    def __init__(self, transport: asyncio.Transport, may_read: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._may_read = may_read

    def resume_reading(self) -> None:
        """Resume reading if there is room for more data."""
        if self.read_paused and self._may_read():
            super().resume_reading()
