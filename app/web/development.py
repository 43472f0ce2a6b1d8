"""A local signing key for development and tests. In production, the service trusts the keys of its issuer instead."""

import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.domain.identity import Scope
from app.settings import SettingsError

ISSUER = "customer-gateway-development"
AUDIENCE = "customer-gateway-development"


_PRIVATE_NAME = "signing-key.pem"


class DevelopmentKeys:
    """An Ed25519 key pair in a folder.

    It is created once and then reused, also by processes that start at the same time.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_path = folder / _PRIVATE_NAME
        self.public_key_file = folder / "verification-key.pem"
        if not private_path.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write_unless_there(private_path, pem)
        self._key = _load(private_path)
        public_pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        if not self.public_key_file.exists() or self.public_key_file.read_bytes() != public_pem:
            _complete_file(self.public_key_file, public_pem).replace(self.public_key_file)

    @classmethod
    def existing(cls, folder: Path) -> "DevelopmentKeys":
        """Return the keys of a folder. Raise SettingsError if it has none: no running service would trust new ones."""
        if not cls.are_in(folder):
            msg = (
                f"No development keys in {folder.absolute()}: `customer-gateway dev` creates them. "
                "If it uses another data folder, name it with --data-folder or DATA_FOLDER."
            )
            raise SettingsError(msg)
        return cls(folder)

    @staticmethod
    def are_in(folder: Path) -> bool:
        """Return whether a folder contains keys; False if it can't be read."""
        try:
            return (folder / _PRIVATE_NAME).exists()
        except OSError:
            return False

    def mint(self, company_id: UUID, scopes: Iterable[Scope], subject: str, lifetime: timedelta) -> str:
        """Return a token that is valid for a service with this public key, issuer and audience."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + lifetime,
            "sub": subject,
            "company_id": str(company_id),
            "scope": " ".join(sorted(scopes)),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")


def _load(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        msg = (
            f"{path} contains no Ed25519 private key: delete the file, and start `customer-gateway dev`, which"
            " creates a new one."
        )
        raise SettingsError(msg)
    return key


def _complete_file(beside: Path, content: bytes) -> Path:
    """Write a temporary file that only its owner can read, and return its path; the caller moves it into place."""
    descriptor, name = tempfile.mkstemp(dir=beside.parent, prefix=f".{beside.name}.")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _write_unless_there(path: Path, content: bytes) -> None:
    complete = _complete_file(path, content)
    try:
        # Unlike a move, a link fails if another process was first, so all of them use the same key.
        path.hardlink_to(complete)
    except FileExistsError:
        pass
    finally:
        complete.unlink()
