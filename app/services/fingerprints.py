"""Fingerprints of commands: equal for equal inputs, independent of spelling and of fields that later releases add."""

from hashlib import sha256

from app.domain.encodings import digest
from app.services.commands import Repeatable

FINGERPRINT_VERSION = 3
"""First byte of a fingerprint; version 1 had no such byte.

Raise it when the hashed content changes, also through a changed reader of a field
(tests/contract/test_stored_encodings.py).
"""

_AS_SENT = 2
"""Version whose fingerprints were computed from values as they were sent."""
_POSITIONAL_BYTES = 32
_NAMES_THEN = {"<RejectionPolicy.": "<RefusalPolicy."}
"""Enumerations in the repr() of commands, as they are named now and were in version 1."""


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
    if len(stored) == _POSITIONAL_BYTES:
        return stored in {_positional(command.in_order), _positional(command)}
    if stored[:1] == bytes([_AS_SENT]):
        return stored == bytes([_AS_SENT]) + digest(command.in_order)
    if stored[:1] != bytes([FINGERPRINT_VERSION]):
        raise UnknownFingerprint
    return stored == fingerprint(command)


def _positional(command: object) -> bytes:
    """Return the fingerprint of version 1, computed from the command's repr() with the names that types had then."""
    written = repr(command)
    for name, then in _NAMES_THEN.items():
        written = written.replace(name, then)
    return sha256(f"{mutation_of(command)}\0{written}".encode()).digest()
