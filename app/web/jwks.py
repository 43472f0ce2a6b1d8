"""The keys that tokens are verified with: one from a file, or the set that the issuer publishes, kept fresh."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK, PyJWKSet
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from app.settings import Settings, SettingsError
from app.web.credential_errors import CredentialsUnavailable

FRESH_SECONDS = 300.0
"""How old the issuer's keys get before they are fetched again, so a withdrawn key stops working."""
PAUSE_SECONDS = 10.0
"""The least time between two fetches: tokens with made-up key ids can't turn this service against the issuer."""
_SOCKET_TIMEOUT_SECONDS = 5.0
_FETCH_TIMEOUT_SECONDS = 10.0
_MAX_BYTES = 1_000_000
_MIN_RSA_BITS = 2048

_log = structlog.get_logger(__name__)


class VerificationKeys(Protocol):
    """Where the public keys come from."""

    async def find(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """The key that a token of this algorithm must be signed with, or None if there is none."""
        ...

    async def aclose(self) -> None:
        """Stop what runs in the background."""
        ...


def keys_from_settings(settings: Settings) -> VerificationKeys | None:
    """The keys that the settings name, or None where no token is accepted."""
    if settings.jwt_public_key_file is not None:
        return KeyFile(settings.jwt_public_key_file)
    if settings.jwt_jwks_url is not None:
        return PublishedKeys(settings.jwt_jwks_url)
    return None


def _usable(key: PyJWK) -> bool:
    """Whether the key verifies EdDSA or RS256; a private or a short one never does."""
    match key.key:
        case Ed25519PublicKey():
            fits = key.algorithm_name == "EdDSA"
        case RSAPublicKey(key_size=bits):
            fits = key.algorithm_name == "RS256" and bits >= _MIN_RSA_BITS
        case _:
            fits = False
    return fits and key.public_key_use in (None, "sig")


class KeyFile:
    """One public key from a PEM file, read at the start; a token's key id doesn't matter."""

    def __init__(self, path: Path) -> None:
        fault = f"JWT_PUBLIC_KEY_FILE: {path} must hold a public key in PEM form, Ed25519 or RSA of at least {_MIN_RSA_BITS} bits"
        try:
            public_key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise SettingsError(fault) from error
        match public_key:
            case Ed25519PublicKey():
                self._key = PyJWK(OKPAlgorithm.to_jwk(public_key, as_dict=True))
            case RSAPublicKey():
                self._key = PyJWK(RSAAlgorithm.to_jwk(public_key, as_dict=True))
            case _:
                raise SettingsError(fault)
        if not _usable(self._key):
            raise SettingsError(fault)

    async def find(self, key_id: str | None, algorithm: str) -> PyJWK | None:  # noqa: ARG002 - there is one key, whatever it is called
        """The key of the file, if the algorithm fits it."""
        return self._key if self._key.algorithm_name == algorithm else None

    async def aclose(self) -> None:
        """Nothing runs in the background."""


class PublishedKeys:
    """The issuer's key set: fetched when first needed, refreshed by age and for unknown key ids, kept while the issuer is away."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not _is_http(url):
            msg = "JWT_JWKS_URL: must be an http or https URL, such as https://issuer.example.com/.well-known/jwks.json"
            raise SettingsError(msg)
        self._url = url
        self._clock = clock
        self._keys: list[PyJWK] = []
        self._refresh_at = float("-inf")
        self._paused_until = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """The key of this id, or without an id the only one of this algorithm."""
        key = self._known(key_id, algorithm)
        if key is None:
            if (fetching := self._refresh()) is not None:
                # Waiting doesn't own the fetch: a caller that leaves must not take it from the others.
                await asyncio.wait([fetching])
            key = self._known(key_id, algorithm)
        elif self._clock() >= self._refresh_at:
            self._refresh()
        if key is None and not self._keys:
            raise CredentialsUnavailable
        return key

    async def aclose(self) -> None:
        """Give up a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _known(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        found = [key for key in self._keys if key.algorithm_name == algorithm and key_id in {None, key.key_id}]
        return found[0] if len(found) == 1 else None

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch that is under way or begins now; None while there must be none."""
        if self._fetching is None and self._clock() >= self._paused_until:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(_FETCH_TIMEOUT_SECONDS):
                self._keys = await asyncio.to_thread(_download, self._url)
            self._refresh_at = self._clock() + FRESH_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever the issuer answers, the keys that are known stay good
            _log.warning("jwks_not_fetched", url=self._url, reason=repr(error))
        finally:
            self._paused_until = self._clock() + PAUSE_SECONDS
            self._fetching = None


def _is_http(url: str) -> bool:
    try:
        address = urlsplit(url)
        # Reading the port checks it. A URL of others than these characters can't be sent.
        return (
            address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0 and url.isprintable()
        )
    except ValueError:
        return False


def _opener() -> OpenerDirector:
    """HTTP and HTTPS alone: no other scheme, and no redirect, which could lead to a host that the operator didn't name."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        opener.add_handler(handler)
    return opener


def _download(url: str) -> list[PyJWK]:
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - http(s) alone, checked at the start
    with _opener().open(request, timeout=_SOCKET_TIMEOUT_SECONDS) as response:
        body: bytes = response.read(_MAX_BYTES + 1)
    if len(body) > _MAX_BYTES:
        msg = f"the key set is larger than {_MAX_BYTES} bytes"
        raise ValueError(msg)
    document: dict[str, Any] = json.loads(body)
    keys = [key for key in PyJWKSet.from_dict(document) if _usable(key)]
    if not keys:
        msg = "the key set holds no public key for EdDSA or RS256"
        raise ValueError(msg)
    return keys
