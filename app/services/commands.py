"""What a caller asks of a service, as it was sent, and the form in which equal commands are equal."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class Repeatable(ABC):
    """A command that an idempotency key may stand for."""

    __slots__ = ()

    @property
    @abstractmethod
    def canonical(self) -> Self:
        """The same command with values as they are stored and sets in one order; fingerprints are made of it."""

    @property
    def is_long(self) -> bool:
        """Whether it may hold many rows, so that encoding it would hold up the event loop."""
        return False

    @property
    def in_order(self) -> Self:
        """The command as version 2 of fingerprints took it: values as they were sent, acknowledgements in one order."""
        return self


@dataclass(frozen=True)
class Command(Repeatable):
    """The fields of an input that were sent, by attribute; the domain reads them. A subclass says what is to be done."""

    given: Mapping[str, object]
