"""Small decisions, all made from bytes that Hypothesis draws at once: a failing example shrinks towards the plainest
choices."""

from collections.abc import Sequence
from typing import TypeVar

ChoiceT = TypeVar("ChoiceT")


class Chance:
    """Decides by one byte after the other; where there are none left, always for the first choice."""

    def __init__(self, entropy: bytes) -> None:
        self._entropy = iter(entropy)

    def below(self, bound: int) -> int:
        """A number from 0, of 256 at most."""
        return next(self._entropy, 0) % bound if bound > 1 else 0

    def pick(self, choices: Sequence[ChoiceT]) -> ChoiceT:
        """One of these; naming one several times makes it likelier."""
        return choices[self.below(len(choices))]

    def one_in(self, odds: int) -> bool:
        """Whether it is the one time in so many."""
        return self.below(odds) == odds - 1
