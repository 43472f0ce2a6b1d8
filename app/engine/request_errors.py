"""Request errors: the reasons why an operation doesn't run at all, as GraphQL's specification defines them."""

from collections.abc import Sequence
from enum import StrEnum

from graphql import GraphQLError


class RequestErrorCode(StrEnum):
    """The `extensions.code` of the engine's request errors."""

    SYNTAX = "GRAPHQL_PARSE_FAILED"
    """The document isn't GraphQL."""
    VALIDATION = "GRAPHQL_VALIDATION_FAILED"
    """The document doesn't fit the schema."""
    TOO_LARGE = "DOCUMENT_TOO_LARGE"
    """The document's text is too long: too many bytes or tokens."""
    TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
    """The operation asks for too much: depth, aliases, fields, nesting of a value, rows, values, introspection, or
    mutations."""
    OPERATION = "OPERATION_NOT_FOUND"
    """The document doesn't say which of its operations to run, or doesn't have the one named."""
    UNSUPPORTED = "OPERATION_NOT_SUPPORTED"
    """The type of the operation isn't supported."""
    PERSISTED_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """The request names a document that isn't known."""
    PERSISTED_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    """The request names a document by its hash, and automatic persisted queries are turned off."""
    NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"
    """Only registered documents may run, and this one isn't registered."""
    VARIABLES = "BAD_USER_INPUT"
    """A variable's value is missing or doesn't fit its type."""


class ExecutionCode(StrEnum):
    """The `extensions.code` of an error that the engine adds to an answer."""

    MORE_ERRORS = "MORE_ERRORS"
    """More fields failed than an answer lists; `extensions.omittedErrors` is the number of errors left out."""


class ValueCode(StrEnum):
    """The code of a problem with a value that doesn't fit its type; `extensions.problems` lists them."""

    REQUIRED = "FIELD_REQUIRED"
    """A required value is missing or null."""
    INVALID = "FIELD_INVALID"
    """The value has another type than declared."""
    UNKNOWN = "FIELD_UNKNOWN"
    """The input has no such field."""
    CONFLICT = "FIELD_CONFLICT"
    """More than one field of an input with @oneOf is given."""


_MOST_CHARACTERS = 1_000
"""Maximum length of an error's message."""


class RequestError(Exception):
    """The operation doesn't run. All errors may be shown to the caller."""

    def __init__(self, errors: Sequence[GraphQLError], kind: RequestErrorCode) -> None:
        for error in errors:
            if len(error.message) > _MOST_CHARACTERS:
                # The message quotes a value or a name of the request.
                error.message = error.message[:_MOST_CHARACTERS] + " …"
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.kind = kind


def request_error(kind: RequestErrorCode, message: str) -> RequestError:
    """Return a RequestError with one error that has no location in the document."""
    return RequestError([GraphQLError(message)], kind)
