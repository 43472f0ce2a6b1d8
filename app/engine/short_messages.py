"""Keeps what a document says short in messages about it.

The library prints the literal that an error is about, for each of up to 20 errors: one object of 13 kB became an answer
of 366 kB, printed in 1.4 seconds.
"""

from importlib import import_module

from graphql import Node, print_ast

_MODULES = ("graphql.type.definition", "graphql.type.scalars", "graphql.utilities.validate_input_value")

_MOST_CHARACTERS = 200
"""The longest literal that is printed in full."""


def short(node: Node) -> str:
    """Return a literal as a message shows it: as the library prints it, or the beginning of its text."""
    location = node.loc
    if location is None or location.end - location.start <= _MOST_CHARACTERS:
        return print_ast(node, 100)
    text = location.source.body[location.start : location.start + _MOST_CHARACTERS]
    return " ".join(text.split()) + " …"


def shorten_messages() -> None:
    """Have the library print literals so."""
    for name in _MODULES:
        module = vars(import_module(name))
        # A release that renames the function would silently undo this.
        assert callable(module["print_for_error"])  # noqa: S101
        module["print_for_error"] = short
