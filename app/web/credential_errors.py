"""Why a request ends before GraphQL: its credentials are refused, or can't be checked at the moment."""

from enum import StrEnum

REALM = "customer-gateway"


class CredentialCode(StrEnum):
    """What was wrong with the credentials, as far as the caller is told."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    """There were none."""
    CREDENTIALS_MALFORMED = "CREDENTIALS_MALFORMED"
    """The headers can't be read as one credential."""
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code, not a password
    """The token was good once: get a new one."""
    TOKEN_NOT_ACCEPTED = "TOKEN_NOT_ACCEPTED"  # noqa: S105 - a code, not a password
    """The token isn't one that this service trusts."""
    API_KEY_NOT_ACCEPTED = "API_KEY_NOT_ACCEPTED"
    """The key is unknown, revoked or expired; which of them isn't told."""


# RFC 6750 names an error only where a bearer token was tried; a bare challenge says which scheme to use.
_BEARER_ERRORS = {
    CredentialCode.CREDENTIALS_MALFORMED: "invalid_request",
    CredentialCode.TOKEN_EXPIRED: "invalid_token",
    CredentialCode.TOKEN_NOT_ACCEPTED: "invalid_token",
}


class Unauthenticated(Exception):
    """The request carries no credential that is accepted: answer 401 and show the message."""

    def __init__(self, code: CredentialCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def www_authenticate(self) -> str:
        """The `WWW-Authenticate` header of the answer."""
        challenge = f'Bearer realm="{REALM}"'
        error = _BEARER_ERRORS.get(self.code)
        return challenge if error is None else f'{challenge}, error="{error}"'


class CredentialsUnavailable(Exception):
    """The token can't be checked at the moment: answer 503 and show the message.

    `retry_after_seconds`: when the issuer may be asked again. `waited_seconds`: how long this request waited for it.
    `reason`: why the issuer's keys were not fetched, for the log.
    """

    def __init__(
        self, retry_after_seconds: int = 2, *, waited_seconds: float | None = None, reason: str | None = None
    ) -> None:
        super().__init__(
            "The token can't be checked right now, as its issuer's keys can't be fetched; try again shortly."
        )
        self.retry_after_seconds = retry_after_seconds
        self.waited_seconds = waited_seconds
        self.reason = reason
