"""What a list of rows to create or update says: how they are matched, what a refusal means, how each row ended."""

from enum import StrEnum

MOST_ROWS = 500


class MatchKey(StrEnum):
    """The key that finds a row's customer."""

    EXTERNAL_SYSTEM_ID = "EXTERNAL_SYSTEM_ID"
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER"

    @property
    def attribute(self) -> str:
        """The attribute of a customer that is the key."""
        return self.value.lower()


class RefusalPolicy(StrEnum):
    """What a refused row means for the others."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    ROW_BY_ROW = "ROW_BY_ROW"


class RowOutcome(StrEnum):
    """How a row ended."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


WRITES = frozenset({RowOutcome.CREATED, RowOutcome.UPDATED})
"""How a row ends that writes something, unless its list is only tried."""
