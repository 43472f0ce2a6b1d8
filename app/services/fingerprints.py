"""Fingerprints of commands: equal for equal inputs, independent of spelling and of fields that later releases add."""

from app.domain.encodings import digest
from app.services.commands import Repeatable

FINGERPRINT_VERSION = 3
"""First byte of a fingerprint.

Raise it when the hashed content changes, also through a changed reader of a field
(tests/contract/test_stored_encodings.py).
"""


class UnknownFingerprint(Exception):
    """A stored fingerprint can't be compared, for example because a later release stored it."""


def mutation_of(command: object) -> str:
    """Return the name under which a command is stored."""
    return type(command).__name__


def fingerprint(command: Repeatable) -> bytes:
    """Return a command's fingerprint, computed from its canonical form without fields that equal their default."""
    return bytes([FINGERPRINT_VERSION]) + digest(command.canonical)


def fits(stored: bytes, command: Repeatable) -> bool:
    """Return whether a stored fingerprint is a command's. Raise UnknownFingerprint for an unknown version."""
    if stored[:1] != bytes([FINGERPRINT_VERSION]):
        raise UnknownFingerprint
    return stored == fingerprint(command)
