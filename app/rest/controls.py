"""The headers that control a request: what `If-Match` requires, and the key that makes a write safe to repeat."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.domain.errors import ErrorCode
from app.rest.preconditions import tags_in, version_in
from app.rest.problems import Invalid, ValidationProblem, shortened

IF_MATCH = "If-Match"
IDEMPOTENCY_KEY = "Idempotency-Key"
_IF_MATCH = IF_MATCH.lower()
_IF_NONE_MATCH = "If-None-Match"

NO_VERSION = 0
"""The expected version of a condition that no version meets: versions begin at 1."""
_LARGEST_VERSION = 2**31 - 1
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
"""A string of Structured Fields (RFC 9651), which the draft of Idempotency-Key specifies."""
_BARE = re.compile(r"[!#-+\--~]+")
"""What most clients send instead: visible characters without quotation marks and commas."""


class Condition(NamedTuple):
    """What `If-Match` requires."""

    tags: Sequence[str] = ()
    """The entity tags of which the object must have one; empty for any."""

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that the tags name, the latest first: NO_VERSION alone if they name none, empty for any."""
        found = {version for tag in self.tags if (version := _version(tag)) is not None}
        return tuple(sorted(found, reverse=True)) or ((NO_VERSION,) if self.tags else ())

    def told(self, conflict: str) -> str:
        """Return what to say if no tag matches. `conflict`: what to say of tags that name versions."""
        # A weak tag never matches (RFC 9110, 13.1.1), and neither does one that no answer had.
        never = next((_told(tag) for tag in self.tags if _version(tag) is None), None)
        if never is None:
            return conflict
        return never if self.versions == (NO_VERSION,) else f"{conflict} {never}"


class Controls(NamedTuple):
    """What the headers of a write say."""

    condition: Condition = Condition()
    idempotency_key: str | None = None


def condition_of(headers: Mapping[str, str]) -> Condition:
    """Return what `If-Match` requires, by the names of headers in lower case. Raise Invalid if it is malformed."""
    header = headers.get(_IF_MATCH)
    # Every object that exists meets `*`.
    if header is None or header.strip() == "*":
        return Condition()
    tags = tags_in(header)
    if tags is None:
        message = f'{IF_MATCH} must be an ETag in quotation marks, several with commas, or "*".'
        raise Invalid([ValidationProblem(IF_MATCH, ErrorCode.FIELD_INVALID, message)])
    return Condition(tags)


def controls_of(headers: Mapping[str, str], *, creates: bool) -> Controls:
    """Return what the headers of a write say, by their names in lower case. Raise Invalid with all problems.

    `creates`: whether it writes a new object, which has no version to compare.
    """
    problems: list[ValidationProblem] = []
    condition = Condition()
    if not creates:
        try:
            condition = condition_of(headers)
        except Invalid as invalid:
            problems += invalid.problems
    elif _IF_MATCH in headers:
        message = f"{IF_MATCH} is only for reads and updates: leave it out."
        problems.append(ValidationProblem(IF_MATCH, ErrorCode.FIELD_INVALID, message))
    if _IF_NONE_MATCH.lower() in headers:
        # Ignoring it would write what it forbids (RFC 9110, 13.1.2).
        message = f"{_IF_NONE_MATCH} is only for reads: leave it out."
        problems.append(ValidationProblem(_IF_NONE_MATCH, ErrorCode.FIELD_INVALID, message))
    key = _key(headers.get("idempotency-key"), problems)
    if problems:
        raise Invalid(problems)
    return Controls(condition, key)


def _version(tag: str) -> int | None:
    version = version_in(tag)
    return version if version is not None and version <= _LARGEST_VERSION else None


def _told(tag: str) -> str:
    """Return why a tag matches no version, and what to do."""
    if tag.startswith("W/"):
        advice = "send it without W/. Proxies that compress answers make tags weak."
        return f"{IF_MATCH} has the weak tag {shortened(tag)}, which never matches: {advice}"
    advice = "send the ETag of an answer as it is. Proxies that compress answers may change it."
    return f"{IF_MATCH} has the tag {shortened(tag)}, which no version has: {advice}"


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
