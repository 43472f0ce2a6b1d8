"""Paths and messages of problems as clients see them."""

from app.domain.errors import MetadataProblem, Path, Problem
from app.domain.fields import schema_name
from app.domain.labels import INPUT, subject
from app.domain.texts import shown


def schema_path(problem: Problem) -> Path:
    """Return a problem's path in the schema's names, such as ("input", "rows", 3, "postalCode").

    Release 0.1 stored outcomes under idempotency keys with such paths; they are returned as they are.
    """
    attributes, rest = problem.path, Path()
    if attributes[:1] == (INPUT,):
        return attributes
    if isinstance(problem, MetadataProblem):
        # Callers choose the keys of metadata: "my_key" must not become "myKey".
        attributes, rest = attributes[:-1], attributes[-1:]
    return (INPUT, *(schema_name(part) if isinstance(part, str) else part for part in attributes), *rest)


def full_message(problem: Problem) -> str:
    """Return a problem's message as a sentence that can be shown without its path: "Email must be …"."""
    return f"{_subject(problem)} {problem.message}"


def _subject(problem: Problem) -> str:
    if isinstance(problem, MetadataProblem):
        return f"Metadata entry {shown(problem.key)}"
    return subject(problem.path)
