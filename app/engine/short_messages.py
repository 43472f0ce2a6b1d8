"""Keep graphql-core's messages about documents and variables short, and fast to build.

The library prints the literal that an error is about, for each of up to 20 errors: one object of 13 kB became an answer
of 366 kB, printed in 1.4 seconds. And it compares each unknown name with all that are known: one of 900 kB took 0.2 s
and 50 MB.
"""

from graphql import Node, print_ast

from app.engine.graphql_core_seam import LexicalDistance, compare_names_with, print_literals_with

_MOST_CHARACTERS = 200
"""Maximum length of a literal that is printed in full."""
_MOST_COMPARED = 100
"""Maximum length of a name for which similar names are suggested."""


class _BoundedDistance(LexicalDistance):
    """The distance between names. A name that is too long has no similar names."""

    def __init__(self, input_: str) -> None:
        self._is_too_long = len(input_) > _MOST_COMPARED
        super().__init__(input_[:_MOST_COMPARED])

    def measure(self, option: str, threshold: int) -> int | None:
        """Return the distance, or None beyond the threshold."""
        return None if self._is_too_long else super().measure(option, threshold)


def short(node: Node) -> str:
    """Return a literal for a message: printed in full, or the beginning of its text."""
    location = node.loc
    if location is None or location.end - location.start <= _MOST_CHARACTERS:
        return print_ast(node, 100)
    text = location.source.body[location.start : location.start + _MOST_CHARACTERS]
    return " ".join(text.split()) + " …"


def shorten_messages() -> None:
    """Have graphql-core shorten the literals and bound the comparisons of names in its messages."""
    print_literals_with(short)
    compare_names_with(_BoundedDistance)
