"""The keys that tokens are verified with: one from a file, or the set that the issuer publishes, kept fresh."""

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
"""How old the issuer's keys get before they are fetched again, so a withdrawn key stops working."""
PAUSE_SECONDS = 10.0
"""The least time between two fetches: tokens with made-up key ids can't turn this service against the issuer."""
_SILENCE_SECONDS = 5.0
"""How long the issuer may send nothing at all."""
FETCH_SECONDS = 10.0
"""How long a fetch may take as a whole, however steadily the issuer sends."""
_MAX_BYTES = 1_000_000
_MIN_RSA_BITS = 2048
ED25519 = ("EdDSA", "Ed25519")
"""Both names of the algorithm: RFC 8037 has the first, RFC 9864 the second."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that may verify tokens, and the algorithms that tokens signed with it may name."""

    public_key: Ed25519PublicKey | RSAPublicKey
    algorithms: tuple[str, ...]
    key_id: str | None = None


class VerificationKeys(Protocol):
    """Where the public keys come from."""

    async def find(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
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


def _verifying(public_key: object, key_id: str | None = None) -> VerificationKey | None:
    """Return the key for the algorithms that fit it; None for a private key, a short one, or another kind."""
    match public_key:
        case Ed25519PublicKey():
            return VerificationKey(public_key, ED25519, key_id)
        case RSAPublicKey(key_size=bits) if bits >= _MIN_RSA_BITS:
            return VerificationKey(public_key, ("RS256",), key_id)
        case _:
            return None


class KeyFile:
    """One public key from a PEM file, read at the start; a token's key id doesn't matter."""

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
        """The key of the file, if the algorithm fits it."""
        return self._key if algorithm in self._key.algorithms else None

    async def aclose(self) -> None:
        """Nothing runs in the background."""


class PublishedKeys:
    """The issuer's key set: fetched when first needed, refreshed by age and for unknown key ids, kept while the issuer is away."""

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
        """The key of this id; the only one of this algorithm if either has no id.

        Raises CredentialsUnavailable where the key isn't known and the last fetch failed: the issuer may have a new one.
        """
        begun = self._clock()
        key = self._known(key_id, algorithm)
        if key is None:
            if (fetching := self._refresh()) is not None:
                # Waiting doesn't own the fetch: a caller that leaves must not take it from the others.
                await asyncio.wait([fetching])
            key = self._known(key_id, algorithm)
        elif self._clock() >= self._refresh_at:
            self._refresh()
        if key is None and (self._failure is not None or not self._keys):
            # At least a second: the pause may end just now.
            pause = math.ceil(max(1, self._paused_until - self._clock()))
            raise CredentialsUnavailable(pause, waited_seconds=self._clock() - begun, reason=self._failure)
        return key

    async def aclose(self) -> None:
        """Give up a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _known(self, key_id: str | None, algorithm: str) -> VerificationKey | None:
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        found = [key for key in fitting if key_id is not None and key.key_id == key_id]
        if not found and (key_id is None or all(key.key_id is None for key in fitting)):
            found = fitting
        # A key that is published twice is one key. Of different ones nobody could tell which is meant.
        is_one = all(key.public_key == found[0].public_key for key in found)
        return found[0] if found and is_one else None

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch that is under way or begins now; None while there must be none."""
        if self._fetching is None and self._clock() >= self._paused_until:
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._fetch_seconds):
                self._keys = _keys_in(await _download(self._url))
            self._refresh_at = self._clock() + FRESH_SECONDS
            self._failure = None
        except Exception as error:  # noqa: BLE001 - whatever the issuer answers, the keys that are known stay good
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
        # Reading the port checks it. A URL of others than these characters can't be sent.
        return (
            address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0 and url.isprintable()
        )
    except ValueError:
        return False


async def _download(url: str) -> bytes:
    """Return the body at the URL; raises for another status than 200, and for a body that is larger than the bound."""
    # The certificates that the system trusts, or those of SSL_CERT_FILE. Reading them takes a while.
    trusted = await asyncio.to_thread(ssl.create_default_context) if url.startswith("https:") else False
    # Compressed, a small body could become a large one. A redirect could lead to a host that the operator didn't name.
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
    """Return the keys of a JWK set that may verify tokens; ValueError if there are none."""
    document = json.loads(body)
    published = cast("dict[str, object]", document).get("keys") if isinstance(document, dict) else None
    found = [_key_of(jwk) for jwk in cast("list[object]", published)] if isinstance(published, list) else []
    if keys := [key for key in found if key is not None]:
        return keys
    msg = "the key set holds no public key for Ed25519 or RS256"
    raise ValueError(msg)


def _key_of(published: object) -> VerificationKey | None:
    """Return the key of a JWK; None if it can't be read, or is meant for something else."""
    jwk = cast("dict[str, Any]", published) if isinstance(published, dict) else {}
    algorithm, key_id = jwk.get("alg"), jwk.get("kid")
    if jwk.get("use") not in (None, "sig") or not isinstance(key_id, str | None):
        return None
    try:
        # The library knows Ed25519 by its older name alone, and reads a key without a name by its kind.
        read = PyJWK({**jwk, "alg": ED25519[0]} if algorithm == ED25519[1] else jwk)
    except (PyJWTError, TypeError, ValueError):
        return None
    key = _verifying(read.key, key_id)
    return key if key is not None and read.algorithm_name in key.algorithms else None
