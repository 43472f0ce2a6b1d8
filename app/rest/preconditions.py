"""Entity tags, and the conditions of requests that have some.

The tag of an object's body is the object's version and a digest of the body: the body also shows the name of another
object, which changes without the version. A condition for writing compares the version alone.
"""

import re
from hashlib import blake2b

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_SPACE = r"[ \t]*"
_ELEMENT = rf"{_SPACE}(?:{_TAG}{_SPACE})?"
_TAGS = re.compile(rf"{_ELEMENT}(?:,{_ELEMENT})*")
_EACH = re.compile(_TAG)
_DIGEST_BYTES = 8
_VERSION = re.compile(rf'"([1-9][0-9]{{0,9}})(?:-[0-9a-f]{{{2 * _DIGEST_BYTES}}})?"')


def tag_of(version: str, body: bytes = b"") -> str:
    """Return the entity tag of a body that shows this version of an object; without a body, that of the version."""
    return f'"{version}-{blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()}"' if body else f'"{version}"'


def version_in(tag: str) -> int | None:
    """Return the version that an entity tag names; None for a weak tag, and for one that no answer had."""
    match = _VERSION.fullmatch(tag)
    return None if match is None else int(match[1])


def tags_in(header: str) -> list[str] | None:
    """Return the entity tags of a list (RFC 9110, 5.6.1), weak ones with their prefix; None if it is malformed."""
    # A list without a tag is malformed, with empty elements or without.
    return _EACH.findall(header) or None if _TAGS.fullmatch(header) else None


def is_unchanged(if_none_match: str | None, tag: str) -> bool:
    """Return whether the client of a conditional GET has the body of this tag. A malformed header has no effect."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return tag in [given.removeprefix("W/") for given in tags_in(if_none_match) or ()]
