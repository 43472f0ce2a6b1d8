"""Errors of authentication: the credential is rejected, or can't be verified at the moment."""

from enum import StrEnum

REALM = "customer-gateway"


class CredentialCode(StrEnum):
    """Why a credential is rejected, in as much detail as the caller may know."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The request has no credential."""
    CREDENTIALS_MALFORMED = "CREDENTIALS_MALFORMED"
    """The headers don't contain exactly one credential in a valid form."""
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code, not a password
    """The token has expired."""
    TOKEN_NOT_ACCEPTED = "TOKEN_NOT_ACCEPTED"  # noqa: S105 - a code, not a password
    """The token isn't trusted by this service."""
    API_KEY_NOT_ACCEPTED = "API_KEY_NOT_ACCEPTED"
    """The key is unknown, revoked or expired; callers don't learn which."""


# RFC 6750: a challenge has an error only if the request had a bearer token.
_BEARER_ERRORS = {
    CredentialCode.CREDENTIALS_MALFORMED: "invalid_request",
    CredentialCode.TOKEN_EXPIRED: "invalid_token",
    CredentialCode.TOKEN_NOT_ACCEPTED: "invalid_token",
}


class Unauthenticated(Exception):
    """The request has no valid credential. It is answered with 401 and the message."""

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
    """The token can't be verified at the moment. The request is answered with 503 and the message.

    `retry_after_seconds`: time until the next fetch from the issuer. `waited_seconds`: how long this request waited for
    one. `reason`: why the fetch failed, for the log.
    """

    def __init__(
        self, retry_after_seconds: int = 2, *, waited_seconds: float | None = None, reason: str | None = None
    ) -> None:
        super().__init__("The token can't be verified because its issuer's keys can't be fetched. Try again shortly.")
        self.retry_after_seconds = retry_after_seconds
        self.waited_seconds = waited_seconds
        self.reason = reason
