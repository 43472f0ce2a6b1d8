"""Upserts of lists of rows: how rows are matched, what a rejected row does to the others, and outcomes of rows."""

from enum import StrEnum

from app.domain.errors import ErrorCode, Path, Problem

MOST_UPSERT_ROWS = 500
"""Maximum number of rows in one list."""
USED_BY_EARLIER_ROW = "is already used by an earlier row of the list."
"""The message about a unique key that an earlier row of the same list takes."""


class MatchKey(StrEnum):
    """The key by which a row is matched to a customer."""

    EXTERNAL_SYSTEM_ID = "EXTERNAL_SYSTEM_ID"
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER"

    @property
    def attribute(self) -> str:
        """The key's attribute of a customer."""
        return self.value.lower()


class ContactMatchKey(StrEnum):
    """The key by which a row without an id is matched to a contact of its customer."""

    EMAIL = "EMAIL"
    NAME = "NAME"

    @property
    def attribute(self) -> str:
        """The key's attribute of a contact."""
        return self.value.lower()


class DepartmentMatchKey(StrEnum):
    """The key by which a row without an id is matched to a department of its customer."""

    NAME = "NAME"
    EAN_NUMBER = "EAN_NUMBER"

    @property
    def attribute(self) -> str:
        """The key's attribute of a department."""
        return self.value.lower()


class RejectionPolicy(StrEnum):
    """What happens to the other rows when one is rejected."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    ROW_BY_ROW = "ROW_BY_ROW"


class RowOutcome(StrEnum):
    """The outcome of a row."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


WRITES = frozenset({RowOutcome.CREATED, RowOutcome.UPDATED})
"""Outcomes of rows that are written, except in a dry run."""


def missing_key(path: Path, noun: str, *, unless: str = "") -> Problem:
    """Return the problem of a row without the key that finds its object; `unless` names a key that may replace it."""
    condition = f" unless {unless} is" if unless else ""
    message = f"must be given{condition}, because it is the key that finds the {noun}."
    return Problem(ErrorCode.FIELD_REQUIRED, path, message)
