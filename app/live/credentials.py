"""Check the credentials of open streams again and again, each of them once."""

import asyncio
from collections.abc import Hashable
from itertools import islice
from typing import Protocol

import structlog

from app.live.ended import LiveCode
from app.live.stream import LiveStream

_log = structlog.get_logger()

RECHECK_SECONDS = 2.0
"""Interval between checks of a credential, in seconds."""
_UNVERIFIED_SECONDS = 30.0
"""How long streams stay open while their credential can't be verified, in seconds."""
_TOGETHER = 100
"""Maximum number of credentials that are checked at once."""
_UNVERIFIED = "The credential could not be verified for a while. Resume after `cursor`."


class CredentialRejected(Exception):
    """The credential is no longer accepted. `code` and `message` are those that its next request would get."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Credential(Hashable, Protocol):
    """The credential of a client. Equal ones are checked together."""

    async def check(self) -> bool:
        """Return whether it could be verified just now, by a cache too; raise CredentialRejected."""
        ...


class _Streams:
    """The streams of one credential."""

    __slots__ = ("streams", "verified_at")

    def __init__(self, now: float) -> None:
        self.streams: set[LiveStream] = set()
        self.verified_at = now

    def end(self, code: str, message: str) -> None:
        for stream in self.streams:
            stream.end(code, message)


class Credentials:
    """The credentials of all open streams."""

    def __init__(self, seconds: float = RECHECK_SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[Credential, _Streams] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, credential: Credential, stream: LiveStream) -> None:
        """Check a credential as long as the stream is open."""
        loop = asyncio.get_running_loop()
        self._known.setdefault(credential, _Streams(loop.time())).streams.add(stream)
        if self._task is None:
            self._task = loop.create_task(self._keep_checking())

    def remove(self, credential: Credential, stream: LiveStream) -> None:
        """Forget a stream that is closed."""
        known = self._known.get(credential)
        if known is not None:
            known.streams.discard(stream)
            if not known.streams:
                del self._known[credential]

    async def check(self) -> None:
        """Check all credentials, and end the streams of those that are rejected."""
        waiting = iter([*self._known.items()])
        while together := [*islice(waiting, _TOGETHER)]:
            await asyncio.gather(*(self._check(credential, streams) for credential, streams in together))

    async def aclose(self) -> None:
        """Stop checking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_checking(self) -> None:
        try:
            while self._known:
                await asyncio.sleep(self._seconds)
                await self.check()
        finally:
            self._task = None

    async def _check(self, credential: Credential, streams: _Streams) -> None:
        now = asyncio.get_running_loop().time()
        try:
            if await credential.check():
                streams.verified_at = now
            elif now - streams.verified_at >= _UNVERIFIED_SECONDS:
                streams.end(LiveCode.UNAVAILABLE, _UNVERIFIED)
        except CredentialRejected as rejected:
            streams.end(rejected.code, rejected.message)
        except Exception as error:  # noqa: BLE001 - other credentials must still be checked
            _log.error("credential_check_failed", exc_info=error)
