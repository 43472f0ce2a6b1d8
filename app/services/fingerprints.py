"""Fingerprints of commands: equal for equal inputs, however they are written and whatever fields later releases add."""

from hashlib import sha256

from app.domain.encodings import digest
from app.services.commands import Repeatable

VERSION = 3
"""The first byte of a fingerprint; those of version 1 had none, and one byte less. Raise it with any change of what is hashed,
that of a reader of fields included (tests/contract/test_stored_encodings.py)."""

_AS_SENT = 2
"""The version that was made of values as they were sent."""
_POSITIONAL_BYTES = 32


class UnknownFingerprint(Exception):
    """A stored fingerprint that this release can't compare, such as one of a later release."""


def mutation_of(command: object) -> str:
    """The name that a command is stored under."""
    return type(command).__name__


def fingerprint(command: Repeatable) -> bytes:
    """Return a command's fingerprint: of what it means, by name, without what was left out or equals a default."""
    return bytes([VERSION]) + digest(command.canonical)


def fits(stored: bytes, command: Repeatable) -> bool:
    """Return whether a stored fingerprint is a command's; UnknownFingerprint if that can't be told."""
    if len(stored) == _POSITIONAL_BYTES:
        return stored in {_positional(command.in_order), _positional(command)}
    if stored[:1] == bytes([_AS_SENT]):
        return stored == bytes([_AS_SENT]) + digest(command.in_order)
    if stored[:1] != bytes([VERSION]):
        raise UnknownFingerprint
    return stored == fingerprint(command)


def _positional(command: object) -> bytes:
    """Return the fingerprint that the release before version 2 stored: of the command as Python writes it."""
    return sha256(f"{mutation_of(command)}\0{command!r}".encode()).digest()
