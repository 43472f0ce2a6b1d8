"""Bearer tokens: verified once, then remembered by their hash until they expire."""

import time
from collections import OrderedDict
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_SCOPE = "customers-read"
_REMEMBERED = 10_000
_BEARER = b"Bearer "


class Tokens:
    """Knows the company of a token that the issuer signed."""

    def __init__(self, public_key: bytes, *, issuer: str, audience: str) -> None:
        self._key: Any = load_pem_public_key(public_key)
        self._issuer = issuer
        self._audience = audience
        self._remembered: OrderedDict[bytes, tuple[UUID, float]] = OrderedDict()

    def company_of(self, authorization: bytes | None) -> UUID | None:
        """The company that may be read with this `Authorization` header, or None if nothing may."""
        if authorization is None or not authorization.startswith(_BEARER):
            return None
        token = authorization[len(_BEARER) :]
        digest = sha256(token).digest()
        known = self._remembered.get(digest)
        if known is not None and time.time() < known[1]:
            self._remembered.move_to_end(digest)
            return known[0]
        return self._verify(token, digest)

    def _verify(self, token: bytes, digest: bytes) -> UUID | None:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["iss", "aud", "exp"]},
            )
            company_id = UUID(claims["company_id"])
        except (jwt.PyJWTError, KeyError, ValueError):
            return None
        if _SCOPE not in claims.get("scope", "").split():
            return None
        self._remembered[digest] = (company_id, claims["exp"])
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return company_id
