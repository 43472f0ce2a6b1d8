"""Credentials of open streams, which are authenticated again as long as the streams are open."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

from app.domain.identity import Principal
from app.live.credentials import CredentialRejected
from app.unavailable import DatabaseUnavailable
from app.web.credential_errors import CredentialsUnavailable, Unauthenticated

_NAMES = ("authorization", "x-api-key")


@dataclass(frozen=True, slots=True)
class StreamCredential:
    """One credential. Equal ones of several streams are authenticated together."""

    authenticate: Callable[[Mapping[str, str]], Awaitable[Principal]]
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, authenticate: Callable[[Mapping[str, str]], Awaitable[Principal]], headers: Mapping[str, str]) -> Self:
        """Return the credential in a request's headers."""
        return cls(authenticate, tuple((name, headers[name]) for name in _NAMES if name in headers))

    async def check(self) -> bool:
        """Return whether it could be verified just now; raise CredentialRejected."""
        try:
            await self.authenticate(dict(self.headers))
        except Unauthenticated as error:
            raise CredentialRejected(error.code, error.message) from error
        except (CredentialsUnavailable, DatabaseUnavailable):
            return False
        return True
