"""The reasons why an operation is rejected before it runs, each with its code."""

from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError


class RefusalCode(StrEnum):
    """The `extensions.code` of a request error that the engine gives."""

    SYNTAX = "GRAPHQL_PARSE_FAILED"
    """The document isn't GraphQL."""
    VALIDATION = "GRAPHQL_VALIDATION_FAILED"
    """The document doesn't fit the schema."""
    TOO_LARGE = "DOCUMENT_TOO_LARGE"
    """The document's text is too long: too many bytes or tokens."""
    TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
    """The operation asks for too much: depth, aliases, fields, nesting of a value, rows, values, or mutations."""
    OPERATION = "OPERATION_NOT_FOUND"
    """The document doesn't say which of its operations to run, or doesn't have the one named."""
    UNSUPPORTED = "OPERATION_NOT_SUPPORTED"
    """The type of the operation isn't supported."""
    PERSISTED_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """The document was only named, and is not known by that name."""
    PERSISTED_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    """The document was only named by its hash, and no texts are remembered."""
    NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    """Only registered documents run, and this one isn't registered."""
    VARIABLES = "BAD_USER_INPUT"
    """A variable's value is missing or doesn't fit its type."""


class ExecutionCode(StrEnum):
    """The `extensions.code` of an error that the engine adds to an answer."""

    MORE_ERRORS = "MORE_ERRORS"
    """Fields gave more errors than an answer lists; `extensions.omittedErrors` says how many more."""


_MOST_CHARACTERS = 1_000
"""The longest message of an error."""


class DocumentError(Exception):
    """The operation is rejected: nothing of it ran. All errors may be shown to the caller."""

    def __init__(self, errors: Sequence[GraphQLError], kind: RefusalCode) -> None:
        for error in errors:
            if len(error.message) > _MOST_CHARACTERS:
                # It quotes a value or a name of the request.
                error.message = error.message[:_MOST_CHARACTERS] + " …"
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.kind = kind


def refuse(kind: RefusalCode, message: str) -> DocumentError:
    """Return a DocumentError with one error that has no location in the document."""
    return DocumentError([GraphQLError(message)], kind)
