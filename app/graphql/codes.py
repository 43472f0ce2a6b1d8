"""The codes of field errors."""

from enum import StrEnum


class FieldCode(StrEnum):
    """The `extensions.code` of an error that a resolver raises on purpose."""

    FORBIDDEN = "FORBIDDEN"
    """The credential lacks the scope named in `extensions.requiredScope`."""
    BAD_USER_INPUT = "BAD_USER_INPUT"
    """Arguments are invalid; `extensions.problems` names each problem with its path."""
    INVALID_CURSOR = "INVALID_CURSOR"
    """A cursor comes from another sort order or filter, or from another company's feed, or was altered."""
    FEED_CURSOR_EXPIRED = "FEED_CURSOR_EXPIRED"
    """Events after a cursor of the feed are no longer kept, or the cursor is ahead of the feed."""
    METADATA_FILTER_LIMIT_EXCEEDED = "METADATA_FILTER_LIMIT_EXCEEDED"
    """A metadata filter holds more than 10 pairs."""
