"""Entity tags, and the conditions of requests that have some: an object's tag is its version in quotes."""

import re

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*(?:{_TAG}\s*|,\s*)*")
_EACH = re.compile(_TAG)


def tag_of(version: str) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def tags_in(header: str) -> list[str] | None:
    """Return the entity tags of a list, weak ones with their prefix; None if it is malformed."""
    # A list without a tag is malformed, with empty elements or without.
    return _EACH.findall(header) or None if _TAGS.fullmatch(header) else None


def is_unchanged(if_none_match: str | None, version: str) -> bool:
    """Return whether the client of a conditional GET has the version already. A malformed header has no effect."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return tag_of(version) in [tag.removeprefix("W/") for tag in tags_in(if_none_match) or ()]
