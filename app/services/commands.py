"""Commands: the inputs of services as they were sent, and their canonical form."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class Repeatable(ABC):
    """A command that can be sent with an idempotency key."""

    __slots__ = ()

    @property
    @abstractmethod
    def canonical(self) -> Self:
        """The command with values in their stored form and sets in a fixed order. Fingerprints are computed from it."""

    @property
    def is_long(self) -> bool:
        """Whether the command is a list of rows. Encoding one may block the event loop."""
        return False


@dataclass(frozen=True)
class Command(Repeatable):
    """The fields of an input that were sent, by attribute. The domain reads them; the subclass names the action."""

    given: Mapping[str, object]
