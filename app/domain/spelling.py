"""The spelling of values in responses."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """How responses write values that GraphQL would write in another way."""

    enumerations: Mapping[str, Mapping[str, str]]
    """By the name of an enumeration: the text of each value, by its name. Values that are left out keep their names.

    No text has characters that JSON escapes.
    """
    decimals_as_numbers: bool
    """Whether decimals are JSON numbers with their stored decimals, and not strings."""
