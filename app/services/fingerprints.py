"""Fingerprints of commands: equal for equal inputs, whatever fields later releases add."""

from hashlib import sha256

from app.domain.encodings import digest

VERSION = 2
"""The first byte of a fingerprint; those of version 1 had none, and one byte less."""

_POSITIONAL_BYTES = 32


class UnknownFingerprint(Exception):
    """A stored fingerprint that this release can't compare, such as one of a later release."""


def mutation_of(command: object) -> str:
    """The name that a command is stored under."""
    return type(command).__name__


def fingerprint(command: object) -> bytes:
    """Return a command's fingerprint: of what it holds by name, without what was left out or equals a default."""
    return bytes([VERSION]) + digest(command)


def fits(stored: bytes, command: object, as_sent: object) -> bool:
    """Return whether a stored fingerprint is a command's; UnknownFingerprint if that can't be told.

    `as_sent` is the command before its sets were brought into an order, which is how version 1 may have stored it.
    """
    if len(stored) == _POSITIONAL_BYTES:
        return stored in {_positional(command), _positional(as_sent)}
    if stored[:1] != bytes([VERSION]):
        raise UnknownFingerprint
    return stored == fingerprint(command)


def _positional(command: object) -> bytes:
    """Return the fingerprint that the release before version 2 stored: of the command as Python writes it."""
    return sha256(f"{mutation_of(command)}\0{command!r}".encode()).digest()
