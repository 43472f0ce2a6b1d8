"""What a caller asks of a service, as it was sent."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """The fields of an input that were sent, by attribute; the domain reads them. A subclass says what is to be done."""

    given: Mapping[str, object]
