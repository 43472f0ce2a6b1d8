"""Percent-encoding in URLs, of which nothing is guessed: what is malformed has no text."""

import re
from urllib.parse import unquote_to_bytes

_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def is_malformed(text: bytes) -> bool:
    """Return whether a percent sign begins no encoded byte."""
    return _MALFORMED.search(text) is not None


def decoded(text: bytes) -> str | None:
    """Return a part of a URL without its encoding; None if it isn't UTF-8 with percent-encoding."""
    try:
        return None if is_malformed(text) else unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None
