"""Parse, limit and validate documents once per text, and cache them within bounds."""

from collections import OrderedDict
from collections.abc import Mapping
from graphlib import CycleError

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Lexer,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    Source,
    TokenKind,
    parse,
    validate,
)

from app.engine.document_limits import Limits
from app.engine.graphql_core_seam import ValidationAbortedError, set_comparison_budget
from app.engine.input_list_reader import InputListReader
from app.engine.input_sizes import InputSizes
from app.engine.input_values import InputValues
from app.engine.introspection import IntrospectionLimit
from app.engine.limits import excesses, switches_of
from app.engine.literal_problems import VALIDATION_RULES
from app.engine.operations import Operation, turn_for
from app.engine.request_errors import RequestError, RequestErrorCode, request_error
from app.engine.rows import RowCounter
from app.engine.short_messages import shorten_messages
from app.engine.variables import OperationVariables

BYTES_PER_REMEMBERED_DOCUMENT = 512
"""Average length of a cached text, in bytes. A parsed document takes about 160 times its text."""

_MAX_VALIDATION_ERRORS = 20

_INSTEAD = {
    "Unknown directive '@defer'.": "Incremental delivery is not supported. Leave the directive out, or send a separate"
    " query for data that can wait.",
    "Unknown directive '@stream'.": "Incremental delivery is not supported. Leave the directive out, or read the list"
    " in pages with `first` and `after`.",
}
"""Advice for directives that other servers support."""

_NO_SUBSCRIPTIONS = "Subscriptions are not supported. Send a query or a mutation."

# Comparing fields of the same name takes quadratic time: within the limits, up to a second of CPU. This budget still
# allows about 200 repetitions of one field.
set_comparison_budget(50_000)
shorten_messages()


class Document:
    """A valid document within the limits."""

    __slots__ = ("_operations",)

    def __init__(self, operations: Mapping[str | None, Operation]) -> None:
        self._operations = operations

    @property
    def names(self) -> tuple[str | None, ...]:
        """The names of its operations."""
        return tuple(self._operations)

    def select(self, name: str | None) -> Operation:
        """Return the operation with that name, or the only one; raise RequestError if none can run."""
        if name is None and len(self._operations) > 1:
            raise request_error(
                RequestErrorCode.OPERATION,
                "The document has several operations. Name the one to run in `operationName`.",
            )
        operation = next(iter(self._operations.values())) if name is None else self._operations.get(name)
        if operation is None:
            raise request_error(
                RequestErrorCode.OPERATION, "The document has no operation with the name in `operationName`."
            )
        return operation


class Documents:
    """The documents of one schema. Rejected texts aren't cached: they would displace valid ones."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, cache_size: int) -> None:
        self._schema = schema
        self._inputs = InputValues()
        self._sizes = InputSizes(schema)
        self._introspection = IntrospectionLimit(schema)
        self._limits = limits
        self._cache_size = cache_size
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._bytes = 0
        self.hits = self.misses = 0
        """Number of cache hits and misses."""

    @property
    def entries(self) -> int:
        """Number of cached documents."""
        return len(self._remembered)

    def prepare(self, text: str) -> Document:
        """Return the document of a text; raise RequestError with all its errors."""
        document = self._recall(text)
        if document is None:
            size = self._size(text)
            document = self._compile(text, size)
            self._remember(text, size, document)
        return document

    def known(self, text: str) -> Document | None:
        """Return the cached document of a text; None if it isn't cached, which isn't counted."""
        document = self._remembered.get(text)
        if document is not None:
            self._remembered.move_to_end(text)
            self.hits += 1
        return document

    async def prepare_aside(self, text: str) -> Document:
        """Do the same as `prepare`, with uncached texts processed outside the event loop, one at a time.

        Short ones too: many that arrive together would be processed in one turn of the loop.
        """
        document = self._recall(text)
        if document is None:
            size = self._size(text)
            document = await turn_for(size)((self, text), self._compile_once, text, size)
            self._remember(text, size, document)
        return document

    def _recall(self, text: str) -> Document | None:
        document = self.known(text)
        if document is None:
            self.misses += 1
        return document

    def _size(self, text: str) -> int:
        """Return the number of bytes of a text; raise RequestError if there are too many."""
        size = len(text.encode())
        if size > self._limits.max_document_bytes:
            raise request_error(
                RequestErrorCode.TOO_LARGE,
                f"The document is {size:,} bytes long; the limit is {self._limits.max_document_bytes:,}.",
            )
        return size

    def _remember(self, text: str, size: int, document: Document) -> None:
        if text in self._remembered:
            # Another request has compiled the same text meanwhile.
            return
        self._remembered[text] = document
        self._bytes += size
        while (
            len(self._remembered) > self._cache_size or self._bytes > self._cache_size * BYTES_PER_REMEMBERED_DOCUMENT
        ):
            forgotten, _ = self._remembered.popitem(last=False)
            self._bytes -= len(forgotten.encode())

    def _compile_once(self, text: str, size: int) -> Document:
        # A request of another company may have compiled the same text meanwhile.
        return self._remembered.get(text) or self._compile(text, size)

    def _compile(self, text: str, size: int) -> Document:
        # May run in a thread: it doesn't change shared objects.
        syntax = self._parse(text)
        self._check(syntax)
        rows, values = RowCounter(self._schema, syntax), RowCounter(self._schema, syntax, values=True)
        lists = InputListReader(self._schema, syntax, self._sizes)
        switches = switches_of(syntax)
        operations = [
            Operation(
                node.name.value if node.name else None,
                node.operation,
                syntax,
                node,
                switches,
                OperationVariables(self._schema, node, self._inputs),
                lists.read(node),
                size,
                rows.compile(node),
                values.compile(node),
                self._introspection.values(node, syntax),
            )
            for node in syntax.definitions
            if isinstance(node, OperationDefinitionNode)
        ]
        return Document({operation.name: operation for operation in operations})

    def _parse(self, text: str) -> DocumentNode:
        limit = self._limits.max_tokens
        try:
            return parse(text, max_lexical_tokens=limit, max_comments=limit)
        except GraphQLSyntaxError as error:
            if _has_more_tokens(text, limit):
                raise request_error(
                    RequestErrorCode.TOO_LARGE, f"The document has more than {limit:,} tokens, which is the limit."
                ) from None
            raise RequestError([error], RequestErrorCode.SYNTAX) from None

    def _check(self, syntax: DocumentNode) -> None:
        try:
            too_much = excesses(syntax, self._limits)
        except CycleError:
            # Fragments in a cycle have no finite size, so other validation rules must not run.
            raise RequestError(
                validate(self._schema, syntax, [NoFragmentCyclesRule]), RequestErrorCode.VALIDATION
            ) from None
        if too_much:
            raise RequestError(too_much, RequestErrorCode.TOO_COMPLEX)
        self._check_types_of_operations(syntax)
        invalid = validate(self._schema, syntax, VALIDATION_RULES, max_errors=_MAX_VALIDATION_ERRORS)
        if len(invalid) == 1 and isinstance(invalid[0], ValidationAbortedError):
            raise request_error(
                RequestErrorCode.TOO_COMPLEX,
                "The operation repeats fields or nests fragments too often to be validated. Simplify it.",
            )
        if invalid:
            raise RequestError([_with_advice(error) for error in invalid], RequestErrorCode.VALIDATION)

    def _check_types_of_operations(self, syntax: DocumentNode) -> None:
        """Reject subscriptions with OPERATION_NOT_SUPPORTED, which is clearer than validation's error."""
        if self._schema.subscription_type is not None:
            return
        subscriptions = [
            node
            for node in syntax.definitions
            if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.SUBSCRIPTION
        ]
        if subscriptions:
            raise RequestError([GraphQLError(_NO_SUBSCRIPTIONS, subscriptions)], RequestErrorCode.UNSUPPORTED)


def _with_advice(error: GraphQLError) -> GraphQLError:
    advice = _INSTEAD.get(error.message)
    return error if advice is None else GraphQLError(f"{error.message} {advice}", error.nodes)


def _has_more_tokens(text: str, limit: int) -> bool:
    """Return whether the text has more tokens than the limit, as opposed to invalid syntax."""
    lexer = Lexer(Source(text))
    try:
        return all(lexer.advance().kind is not TokenKind.EOF for _ in range(limit + 1))
    except GraphQLSyntaxError:
        return False
