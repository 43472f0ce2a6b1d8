"""Credentials of open streams, which are authenticated again as long as the streams are open."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

from app.domain.identity import Principal, Scope
from app.graphql.codes import FieldCode
from app.live.credentials import CredentialRejected
from app.unavailable import DatabaseUnavailable
from app.web.credential_errors import CredentialsUnavailable, Unauthenticated

_NAMES = ("authorization", "x-api-key")
_SCOPES_LOST = "The credential has fewer scopes than when the stream was opened. Open it again, after `cursor`."


@dataclass(frozen=True, slots=True)
class StreamCredential:
    """One credential. Equal ones of several streams are authenticated together."""

    authenticate: Callable[[Mapping[str, str]], Awaitable[Principal]]
    headers: tuple[tuple[str, str], ...]
    scopes: frozenset[Scope]
    """The scopes that it had when the stream was opened, and must still have."""

    @classmethod
    def of(
        cls,
        authenticate: Callable[[Mapping[str, str]], Awaitable[Principal]],
        headers: Mapping[str, str],
        scopes: frozenset[Scope] = frozenset(),
    ) -> Self:
        """Return the credential in a request's headers."""
        return cls(authenticate, tuple((name, headers[name]) for name in _NAMES if name in headers), scopes)

    async def check(self) -> bool:
        """Return whether it could be verified just now; raise CredentialRejected."""
        try:
            principal = await self.authenticate(dict(self.headers))
        except Unauthenticated as error:
            raise CredentialRejected(error.code, error.message) from error
        except (CredentialsUnavailable, DatabaseUnavailable):
            return False
        if not self.scopes <= principal.scopes:
            raise CredentialRejected(FieldCode.FORBIDDEN, _SCOPES_LOST)
        return True
