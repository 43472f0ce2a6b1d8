"""The headers that control a write: the versions that may be changed, and the key that makes it safe to repeat."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from app.domain.errors import ErrorCode
from app.rest.preconditions import tags_in, version_in
from app.rest.problems import Invalid, ValidationProblem

IF_MATCH = "If-Match"
IDEMPOTENCY_KEY = "Idempotency-Key"

NO_VERSION = 0
"""The expected version of a condition that no version meets: versions begin at 1."""
_LARGEST_VERSION = 2**31 - 1
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
"""A string of Structured Fields (RFC 9651), which the draft of Idempotency-Key specifies."""
_BARE = re.compile(r"[!#-+\--~]+")
"""What most clients send instead: visible characters without quotation marks and commas."""


class Controls(NamedTuple):
    """What the headers of a write say."""

    versions: tuple[int, ...] = ()
    """The versions that may be changed, the latest first; empty for any."""
    idempotency_key: str | None = None


def controls_of(headers: Mapping[str, str], *, creates: bool) -> Controls:
    """Return what the headers of a write say, by their names in lower case. Raise Invalid with all problems.

    `creates`: whether it writes a new object, which has no version to compare.
    """
    problems: list[ValidationProblem] = []
    condition = headers.get("if-match")
    if creates and condition is not None:
        message = f"{IF_MATCH} is only for updates: leave it out."
        problems.append(ValidationProblem(IF_MATCH, ErrorCode.FIELD_INVALID, message))
        condition = None
    versions, key = _versions(condition, problems), _key(headers.get("idempotency-key"), problems)
    if problems:
        raise Invalid(problems)
    return Controls(versions, key)


def _versions(header: str | None, problems: list[ValidationProblem]) -> tuple[int, ...]:
    # Every customer that exists meets `*`.
    if header is None or header.strip() == "*":
        return ()
    tags = tags_in(header)
    if tags is None:
        message = f'{IF_MATCH} must be an ETag in quotation marks, several with commas, or "*".'
        problems.append(ValidationProblem(IF_MATCH, ErrorCode.FIELD_INVALID, message))
        return ()
    # A weak tag never matches (RFC 9110, 13.1.1), and neither does one that no answer had.
    versions = {version for tag in tags if (version := version_in(tag)) is not None and version <= _LARGEST_VERSION}
    return tuple(sorted(versions, reverse=True)) or (NO_VERSION,)


def _key(header: str | None, problems: list[ValidationProblem]) -> str | None:
    if header is None:
        return None
    text = header.strip()
    if (quoted := _STRING.fullmatch(text)) is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if _BARE.fullmatch(text):
        return text
    message = f"{IDEMPOTENCY_KEY} must be one key of visible characters, with or without quotation marks."
    problems.append(ValidationProblem(IDEMPOTENCY_KEY, ErrorCode.FIELD_INVALID, message))
    return None
