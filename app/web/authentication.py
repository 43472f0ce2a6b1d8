"""Authentication: turn the credential in a request's headers into a Principal, or reject the request."""

import time
from collections.abc import Callable, Mapping

from app.db import api_keys
from app.db.database import Database
from app.domain.identity import Principal
from app.settings import Settings
from app.web.credential_errors import CredentialCode, CredentialsUnavailable, Unauthenticated
from app.web.remembered import RememberedPrincipals, RememberedRejections
from app.web.tokens import TokenVerifier

REJECTED_KEY_SECONDS = 5.0
"""Maximum time for which a rejected key is cached, in seconds. It can't become valid: new keys are random."""

__all__ = ["Authenticator", "CredentialCode", "CredentialsUnavailable", "Unauthenticated"]


class Authenticator:
    """Accepts one credential per request: a bearer token or an API key."""

    def __init__(self, tokens: TokenVerifier | None, keys: "ApiKeyVerifier") -> None:
        self._tokens = tokens
        self._keys = keys

    @classmethod
    def from_settings(cls, settings: Settings, database: Database) -> "Authenticator":
        """Return the authenticator for these settings. Raise SettingsError if the token keys can't be used."""
        keys = ApiKeyVerifier(database, settings.api_key_cache_seconds, settings.token_cache_size)
        return cls(TokenVerifier.from_settings(settings), keys)

    @property
    def caches(self) -> dict[str, RememberedPrincipals]:
        """The caches of verified credentials, by name."""
        tokens = {} if self._tokens is None else {"tokens": self._tokens.remembered}
        return {**tokens, "api_keys": self._keys.remembered}

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Return the caller. Header names must be in lower case.

        Raise Unauthenticated (401), or CredentialsUnavailable or DatabaseUnavailable (503) if the credential can't be
        verified at the moment.
        """
        authorization, key = headers.get("authorization"), headers.get("x-api-key")
        # Repeated headers are joined by commas, which credentials don't contain.
        if (authorization is not None and key is not None) or ", " in (authorization or key or ""):
            raise Unauthenticated(
                CredentialCode.CREDENTIALS_MALFORMED,
                "Send one credential: either one `Authorization` header or one `x-api-key`.",
            )
        if authorization is not None:
            return await self._by_token(authorization)
        if key is not None:
            return await self._keys.verify(key)
        raise Unauthenticated(
            CredentialCode.UNAUTHENTICATED,
            "Send a token as `Authorization: Bearer <token>`, or an API key as `x-api-key`.",
        )

    async def aclose(self) -> None:
        """Stop background tasks."""
        if self._tokens is not None:
            await self._tokens.aclose()

    async def _by_token(self, authorization: str) -> Principal:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or " " in token:
            raise Unauthenticated(
                CredentialCode.CREDENTIALS_MALFORMED, "`Authorization` must be `Bearer`, one space, and the token."
            )
        if self._tokens is None:
            raise Unauthenticated(
                CredentialCode.TOKEN_NOT_ACCEPTED,
                "This service is not set up for tokens: send an API key as `x-api-key`.",
            )
        return await self._tokens.verify(token)


class ApiKeyVerifier:
    """Looks up API keys by their hash, and caches the results for some seconds."""

    def __init__(
        self, database: Database, cache_seconds: float, cache_size: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._cache_seconds = cache_seconds
        self._clock = clock
        self.remembered = self._remembered = RememberedPrincipals(cache_size)
        self._rejected = RememberedRejections(cache_size)

    async def verify(self, presented: str) -> Principal:
        """Return the key's principal. Raise Unauthenticated, or DatabaseUnavailable if it can't be looked up."""
        if not api_keys.is_well_formed(presented):
            # The service issues no such keys, so a look-up is unnecessary.
            raise _key_not_accepted()
        digest = api_keys.hash_of(presented)
        known = self._remembered.get(digest)
        if known is not None and self._clock() < known[1]:
            return known[0]
        if self._rejected.has(digest, self._clock()):
            raise _key_not_accepted()
        key = await self._database.keys.find(digest)
        if key is None:
            self._rejected.put(digest, self._clock() + min(self._cache_seconds, REJECTED_KEY_SECONDS))
            raise _key_not_accepted()
        principal = Principal(
            company_id=key.company_id, subject=f"api-key:{key.id}", scopes=key.scopes, expires_at=key.expires_at
        )
        until = self._clock() + self._cache_seconds
        self._remembered.put(
            digest, principal, until if key.expires_at is None else min(until, key.expires_at.timestamp())
        )
        return principal


def _key_not_accepted() -> Unauthenticated:
    return Unauthenticated(
        CredentialCode.API_KEY_NOT_ACCEPTED, "The API key isn't accepted: it is unknown, revoked or expired."
    )
