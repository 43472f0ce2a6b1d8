"""Verification of bearer tokens. Rejections don't say which check failed."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import structlog
from jwt.algorithms import OKPAlgorithm

from app.domain.identity import Principal, Scope
from app.settings import Settings
from app.web.credential_errors import CredentialCode, Unauthenticated
from app.web.jwks import ED25519, VerificationKeys, keys_from_settings
from app.web.remembered import RememberedPrincipals

ALGORITHMS = (*ED25519, "RS256")
MAX_TOKEN_BYTES = 8_192

_log = structlog.get_logger(__name__)

with suppress(ValueError):  # raised by versions of the library that know the name
    jwt.register_algorithm(ED25519[1], OKPAlgorithm())


@dataclass(frozen=True, slots=True)
class TokenRules:
    """The issuer and audience that tokens must have, and the names of their claims."""

    issuer: str
    audience: str
    company_claim: str
    scope_claim: str
    leeway_seconds: int


class TokenVerifier:
    """Verifies each token once, and caches it by its hash until it expires. Rejections aren't cached."""

    def __init__(
        self, keys: VerificationKeys, rules: TokenRules, cache_size: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self.remembered = self._remembered = RememberedPrincipals(cache_size)

    @classmethod
    def from_settings(cls, settings: Settings) -> "TokenVerifier | None":
        """Return the verifier for these settings; None if tokens are not accepted."""
        keys = keys_from_settings(settings)
        if keys is None or settings.jwt_issuer is None or settings.jwt_audience is None:
            return None
        rules = TokenRules(
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            company_claim=settings.jwt_company_claim,
            scope_claim=settings.jwt_scope_claim,
            leeway_seconds=settings.jwt_leeway_seconds,
        )
        return cls(keys, rules, settings.token_cache_size)

    async def verify(self, token: str) -> Principal:
        """Return the token's principal. Raise Unauthenticated, or CredentialsUnavailable if keys can't be fetched."""
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise Unauthenticated(
                CredentialCode.CREDENTIALS_MALFORMED,
                f"The token is malformed: it must be ASCII, and at most {MAX_TOKEN_BYTES} characters long.",
            )
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is None:
            principal, until = await self._check(token)
            self._remembered.put(digest, principal, until)
            return principal
        principal, until = known
        if self._clock() >= until:
            raise _expired()
        return principal

    async def aclose(self) -> None:
        """Stop background tasks."""
        await self._keys.aclose()

    async def _check(self, token: str) -> tuple[Principal, float]:
        try:
            claims = await self._verified_claims(token)
            principal = self._principal(claims)
            return principal, int(claims["exp"]) + self._rules.leeway_seconds
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except (jwt.PyJWTError, _BadClaim) as error:
            # Which check failed is logged for operators, but not returned to the caller.
            _log.info("token_refused", reason=type(error).__name__)
            raise Unauthenticated(
                CredentialCode.TOKEN_NOT_ACCEPTED,
                "The token isn't accepted: it must come from the issuer that this service trusts, be meant"
                " for this service,"
                " be valid now, and name a subject and a company.",
            ) from error

    async def _verified_claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        # Checked before the key look-up, so that such a token causes no fetch.
        if algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        key = await self._keys.find(header.get("kid"), algorithm)
        if key is None:
            raise jwt.InvalidKeyError
        return jwt.decode(
            token,
            key.public_key,
            algorithms=key.algorithms,
            issuer=self._rules.issuer,
            audience=self._rules.audience,
            leeway=self._rules.leeway_seconds,
            options={"require": ["iss", "aud", "exp", "sub"]},
        )

    def _principal(self, claims: dict[str, Any]) -> Principal:
        company, subject = claims.get(self._rules.company_claim), claims["sub"]
        # The subject is logged and stored, so control characters and lone surrogates are rejected.
        if not isinstance(company, str) or not subject.strip() or not subject.isprintable():
            raise _BadClaim
        try:
            return Principal(
                company_id=UUID(company),
                subject=subject,
                scopes=_scopes(claims.get(self._rules.scope_claim)),
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        except (ValueError, OverflowError, OSError) as error:
            raise _BadClaim from error


def _scopes(claim: object) -> frozenset[Scope]:
    """Return the known scopes of a claim: a list, or a string separated by spaces."""
    names = claim.split() if isinstance(claim, str) else claim
    return frozenset(scope for scope in Scope if scope in names) if isinstance(names, list) else frozenset()


class _BadClaim(Exception):
    """A claim of a correctly signed token is invalid."""


def _expired() -> Unauthenticated:
    return Unauthenticated(CredentialCode.TOKEN_EXPIRED, "The token has expired. Get a new one.")
