"""When an operation begins: at once, or when it is its turn."""

from collections.abc import Awaitable
from typing import Any, Protocol


class Begin(Protocol):
    """Lets an operation begin when it is its turn."""

    def __call__(self, context: Any, values: int, items: int, /, *, is_query: bool) -> Awaitable[None] | None:
        """Take the number of requested values, and of items in the operation's lists.

        Return what waits for the turn; None if the operation may begin at once.
        """
        ...


def at_once(_context: Any, _values: int, _items: int, /, *, is_query: bool) -> None:
    """Let each operation begin at once."""
