"""Check the credentials of open streams and WebSockets again and again, each of them once."""

import asyncio
from collections.abc import Hashable
from itertools import islice
from typing import Protocol

import structlog

from app.live.ended import LiveCode

_log = structlog.get_logger()

RECHECK_SECONDS = 2.0
"""Interval between checks of a credential, in seconds."""
_UNVERIFIED_SECONDS = 30.0
"""How long streams and WebSockets stay open while their credential can't be verified, in seconds."""
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


class Holder(Hashable, Protocol):
    """What is open as long as a credential is accepted: a stream, or a WebSocket."""

    def end(self, code: str, message: str) -> None:
        """End it. It is told again at each check, until it is removed."""
        ...


class _Holders:
    """The holders of one credential."""

    __slots__ = ("open", "verified_at")

    def __init__(self, now: float) -> None:
        self.open: set[Holder] = set()
        self.verified_at = now

    def end(self, code: str, message: str) -> None:
        for holder in [*self.open]:
            holder.end(code, message)


class Credentials:
    """The credentials of all open streams and WebSockets."""

    def __init__(self, seconds: float = RECHECK_SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[Credential, _Holders] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, credential: Credential, holder: Holder) -> None:
        """Check a credential until the holder is removed."""
        loop = asyncio.get_running_loop()
        self._known.setdefault(credential, _Holders(loop.time())).open.add(holder)
        if self._task is None:
            self._task = loop.create_task(self._keep_checking())

    def remove(self, credential: Credential, holder: Holder) -> None:
        """Forget a holder that is closed."""
        known = self._known.get(credential)
        if known is not None:
            known.open.discard(holder)
            if not known.open:
                del self._known[credential]

    async def check(self) -> None:
        """Check all credentials, and end the holders of those that are rejected."""
        waiting = iter([*self._known.items()])
        while together := [*islice(waiting, _TOGETHER)]:
            await asyncio.gather(*(self._check(credential, holders) for credential, holders in together))

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

    async def _check(self, credential: Credential, holders: _Holders) -> None:
        now = asyncio.get_running_loop().time()
        try:
            if await credential.check():
                holders.verified_at = now
            elif now - holders.verified_at >= _UNVERIFIED_SECONDS:
                holders.end(LiveCode.UNAVAILABLE, _UNVERIFIED)
        except CredentialRejected as rejected:
            holders.end(rejected.code, rejected.message)
        except Exception as error:  # noqa: BLE001 - other credentials must still be checked
            _log.error("credential_check_failed", exc_info=error)
