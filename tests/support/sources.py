"""The modules of the package, for tests of how they are written."""

import ast
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "app").rglob("*.py"))


def nodes_of(module: Path, word: str) -> Sequence[ast.AST]:
    """Return every node of a module's syntax tree; none if the module doesn't contain the word.

    Parsing a module and walking through it takes a hundred times as long as looking for a word.
    """
    text = module.read_text(encoding="utf-8")
    return [*ast.walk(ast.parse(text))] if word in text else []
