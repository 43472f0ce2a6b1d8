"""The keys that verify tokens: one from a file, or the issuer's key set (JWKS), which is refreshed."""

import asyncio
import json
import math
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK, PyJWTError

from app.settings import Settings, SettingsError
from app.web.credential_errors import CredentialsUnavailable

FRESH_SECONDS = 300.0
"""Maximum age of the issuer's keys before they are fetched again, in seconds.

A withdrawn key stops working after it.
"""
PAUSE_SECONDS = 10.0
"""Minimum time between two fetches, in seconds, so that tokens with invented key ids don't overload the issuer."""
_SILENCE_SECONDS = 5.0
"""Maximum time without data from the issuer, in seconds."""
FETCH_SECONDS = 10.0
"""Maximum time of a whole fetch, in seconds."""
_MAX_BYTES = 1_000_000
_MIN_RSA_BITS = 2048
ED25519 = ("EdDSA", "Ed25519")
"""Both names of the algorithm, from RFC 8037 and RFC 9864."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key for verifying tokens, and the `alg` values that such tokens may have."""

    public_key: Ed25519PublicKey | RSAPublicKey
    algorithms: tuple[str, ...]
    key_id: str | None = None


class VerificationKeys(Protocol):
    """A source of public keys."""

    async def find(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """Return the key that must have signed a token with this key id and algorithm; None if there is none."""
        ...

    async def aclose(self) -> None:
        """Stop background tasks."""
        ...


def keys_from_settings(settings: Settings) -> VerificationKeys | None:
    """Return the source of keys for these settings; None if tokens are not accepted."""
    if settings.jwt_public_key_file is not None:
        return KeyFile(settings.jwt_public_key_file)
    if settings.jwt_jwks_url is not None:
        return PublishedKeys(settings.jwt_jwks_url)
    return None


def _verifying(public_key: object, key_id: str | None = None) -> VerificationKey | None:
    """Return the key with its algorithms; None if it is private, too short, or of another kind."""
    match public_key:
        case Ed25519PublicKey():
            return VerificationKey(public_key, ED25519, key_id)
        case RSAPublicKey(key_size=bits) if bits >= _MIN_RSA_BITS:
            return VerificationKey(public_key, ("RS256",), key_id)
        case _:
            return None


class KeyFile:
    """One public key from a PEM file, which is read once. The key ids of tokens are ignored."""

    def __init__(self, path: Path) -> None:
        problem = f"JWT_PUBLIC_KEY_FILE: {path} must hold a public key in PEM form, Ed25519 or RSA of at least {_MIN_RSA_BITS} bits"
        try:
            public_key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise SettingsError(problem) from error
        key = _verifying(public_key)
        if key is None:
            raise SettingsError(problem)
        self._key = key

    async def find(self, key_id: str | None, algorithm: str) -> VerificationKey | None:  # noqa: ARG002 - there is one key, whatever it is called
        """Return the file's key, or None if it is for another algorithm."""
        return self._key if algorithm in self._key.algorithms else None

    async def aclose(self) -> None:
        """Do nothing: there are no background tasks."""


class PublishedKeys:
    """The issuer's key set. It is fetched on first use, by age and for unknown key ids, and kept while fetches fail."""

    def __init__(
        self, url: str, *, clock: Callable[[], float] = time.monotonic, fetch_seconds: float = FETCH_SECONDS
    ) -> None:
        if not _is_http(url):
            msg = "JWT_JWKS_URL: must be an http or https URL, such as https://issuer.example.com/.well-known/jwks.json"
            raise SettingsError(msg)
        self._url = url
        self._clock = clock
        self._fetch_seconds = fetch_seconds
        self._keys: Sequence[VerificationKey] = ()
        self._refresh_at = float("-inf")
        self._paused_until = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self._failure: str | None = None
        """Why the last fetch failed; None if it did not."""

    async def find(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        """Return the key with this id, or the only key for this algorithm if the token or the keys have no id.

        Raise CredentialsUnavailable if the key is unknown and the last fetch failed, because the issuer may have a new
        one.
        """
        begun = self._clock()
        key = self._known(key_id, algorithm)
        if key is None:
            if (fetching := self._refresh()) is not None:
                # Not awaited directly: a canceled request must not cancel the fetch of the others.
                await asyncio.wait([fetching])
            key = self._known(key_id, algorithm)
        elif self._clock() >= self._refresh_at:
            self._refresh()
        if key is None and (self._failure is not None or not self._keys):
            # At least a second, because the pause may end now.
            pause = math.ceil(max(1, self._paused_until - self._clock()))
            raise CredentialsUnavailable(pause, waited_seconds=self._clock() - begun, reason=self._failure)
        return key

    async def aclose(self) -> None:
        """Cancel a running fetch."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _known(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        found = [key for key in fitting if key_id is not None and key.key_id == key_id]
        if not found and (key_id is None or all(key.key_id is None for key in fitting)):
            found = fitting
        # A key that is published twice counts once. Different keys are ambiguous.
        is_one = all(key.public_key == found[0].public_key for key in found)
        return found[0] if found and is_one else None

    def _refresh(self) -> asyncio.Task[None] | None:
        """Return the running fetch, or start one; None during the pause between fetches."""
        if self._fetching is None and self._clock() >= self._paused_until:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._fetch_seconds):
                self._keys = _keys_in(await _download(self._url))
            self._refresh_at = self._clock() + FRESH_SECONDS
            self._failure = None
        except Exception as error:  # noqa: BLE001 - after any failure, the known keys stay valid
            self._failure = _reason(error, self._fetch_seconds)
            _log.warning("jwks_not_fetched", url=self._url, reason=self._failure)
        finally:
            self._paused_until = self._clock() + PAUSE_SECONDS
            self._fetching = None


def _reason(error: Exception, seconds: float) -> str:
    match error:
        case httpx.TimeoutException():
            return f"the issuer sent nothing for {_SILENCE_SECONDS:g} s"
        case TimeoutError():
            return f"the issuer's answer was not complete within {seconds:g} s"
        case _:
            return f"{type(error).__name__}: {error}"


def _is_http(url: str) -> bool:
    try:
        address = urlsplit(url)
        # Reading the port validates it. URLs with other characters can't be sent.
        return (
            address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0 and url.isprintable()
        )
    except ValueError:
        return False


async def _download(url: str) -> bytes:
    """Return the body at the URL. Raise ValueError if the status is not 200 or the body is too large."""
    # The system's certificates, or those of SSL_CERT_FILE. A thread loads them, because that blocks.
    trusted = await asyncio.to_thread(ssl.create_default_context) if url.startswith("https:") else False
    # A small compressed body could expand to a large one. A redirect could lead to a host that is not configured.
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    body = bytearray()
    async with (
        httpx.AsyncClient(verify=trusted, timeout=_SILENCE_SECONDS, follow_redirects=False) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        if response.status_code != HTTPStatus.OK:
            msg = f"the issuer answers with status {response.status_code}"
            raise ValueError(msg)
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MAX_BYTES:
                msg = f"the key set is larger than {_MAX_BYTES} bytes"
                raise ValueError(msg)
    return bytes(body)


def _keys_in(body: bytes) -> Sequence[VerificationKey]:
    """Return the keys of a JWK set that can verify tokens. Raise ValueError if there are none."""
    document = json.loads(body)
    published = cast("dict[str, object]", document).get("keys") if isinstance(document, dict) else None
    found = [_key_of(jwk) for jwk in cast("list[object]", published)] if isinstance(published, list) else []
    if keys := [key for key in found if key is not None]:
        return keys
    msg = "the key set holds no public key for Ed25519 or RS256"
    raise ValueError(msg)


def _key_of(published: object) -> VerificationKey | None:
    """Return the key of a JWK; None if it is invalid or for another purpose."""
    jwk = cast("dict[str, Any]", published) if isinstance(published, dict) else {}
    algorithm, key_id = jwk.get("alg"), jwk.get("kid")
    if jwk.get("use") not in (None, "sig") or not isinstance(key_id, str | None):
        return None
    try:
        # The library knows only the older name of Ed25519. For a key without `alg`, it derives the algorithm.
        read = PyJWK({**jwk, "alg": ED25519[0]} if algorithm == ED25519[1] else jwk)
    except (PyJWTError, TypeError, ValueError):
        return None
    key = _verifying(read.key, key_id)
    return key if key is not None and read.algorithm_name in key.algorithms else None
