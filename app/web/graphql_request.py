"""Strict parsing of GraphQL requests from a body or a URL, within size limits."""

from collections.abc import Coroutine, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.engine.persisted import NamedDocument
from app.web.document_names import EXTENSION, named_document
from app.web.http_errors import FailureCode, HttpError
from app.web.malformed import bad, kind_of
from app.web.media_types import is_json, is_not_encoded
from app.web.strict_json import decode_utf8, json_of, repeated_in, shortened

_KNOWN_HEADERS = {
    name.encode(): name
    for name in (
        "accept",
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "last-event-id",
        "x-api-key",
    )
}
_MAX_URL_PARAMETERS = 20
_MEMBERS = ("query", "operationName", "variables", "extensions", "documentId")
_CLOSE = (("connection", "close"),)


class ClientGone(Exception):
    """The client disconnected before it received the response."""


class GraphQLRequest(NamedTuple):
    """A GraphQL request."""

    document: str | NamedDocument
    """The document's text, or its name if it is persisted or trusted."""
    operation_name: str | None
    variables: Mapping[str, Any]


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the relevant headers by lower-case name. Repeated ones are joined by commas (RFC 9110, 5.3)."""
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers: dict[str, str] = {}
    for name, value in raw:
        known = _KNOWN_HEADERS.get(name)
        if known is not None:
            text = value.decode("latin-1")
            headers[known] = f"{headers[known]}, {text}" if known in headers else text
    return headers


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes | bytearray:
    """Return the body of a POST.

    Raise HttpError if its type is wrong or it exceeds the limit, which is never buffered.
    """
    if not is_json(headers.get("content-type", "")):
        raise HttpError(
            415,
            FailureCode.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON in UTF-8, with the header `Content-Type: application/json`.",
        )
    if not is_not_encoded(headers.get("content-encoding", "")):
        raise HttpError(
            415, FailureCode.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed, without `Content-Encoding`."
        )
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            # Not copied to bytes, which would double the memory of concurrent requests.
            return body


def has_left(receive: Receive) -> bool:
    """Return whether the client is known to have disconnected, without waiting.

    Its request's body must have been read.
    """
    cycle = getattr(receive, "__self__", None)
    if isinstance(cycle, RequestResponseCycle):
        # uvicorn's. To receive would take twenty times as long.
        return cycle.disconnected
    try:
        # The first message of a GET is its empty body, which is unread.
        for _ in range(2):
            waiting = cast("Coroutine[object, None, Message]", receive())
            try:
                waiting.send(None)
            except StopIteration as received:
                if received.value["type"] == "http.disconnect":
                    return True
            else:
                # It waits for a message, so the client is connected.
                waiting.close()
                return False
    except Exception:  # noqa: BLE001 - an unknown state counts as connected
        return False
    return False


def from_body(body: bytes | bytearray) -> GraphQLRequest:
    """Return the request in the body of a POST."""
    if not body:
        msg = "The body is empty: send a JSON object with a `query`."
        raise bad(msg)
    parameters = json_of(body, "body")
    if not isinstance(parameters, dict):
        msg = f"The body is {kind_of(parameters)}: send a JSON object with a `query`; batches are not supported."
        raise bad(msg)
    return request_of(cast("dict[str, Any]", parameters))


def from_url(query_string: bytes, limit: int) -> GraphQLRequest:
    """Return the request in the query string of a GET."""
    if len(query_string) > limit:
        raise HttpError(
            414,
            FailureCode.PAYLOAD_TOO_LARGE,
            f"The URL's query is longer than {limit:,} bytes: send the operation by POST.",
        )
    text = decode_utf8(query_string, "URL")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_URL_PARAMETERS)
    except UnicodeDecodeError:
        msg = "The URL isn't UTF-8."
        raise bad(msg) from None
    except ValueError:
        msg = f"The URL has more than {_MAX_URL_PARAMETERS} parameters."
        raise bad(msg) from None
    parameters: dict[str, Any] = dict(pairs)
    if len(parameters) < len(pairs):
        repeated = repeated_in(name for name, _ in pairs)
        msg = f"The URL has the parameter `{shortened(repeated)}` more than once: send it once."
        raise bad(msg)
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = json_of(parameters[name], f"`{name}` parameter")
    return request_of(parameters)


def request_of(parameters: Mapping[str, Any]) -> GraphQLRequest:
    """Return the request with these members. Raise HttpError (400) if one is invalid."""
    query, name, variables, extensions, document_id = map(parameters.get, _MEMBERS)
    if query is not None and not isinstance(query, str):
        msg = f"`query` is {kind_of(query)}: send the GraphQL document as a string."
        raise bad(msg)
    if name is not None and not isinstance(name, str):
        msg = f"`operationName` is {kind_of(name)}: send a string, null, or nothing."
        raise bad(msg)
    for parameter, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            msg = f"`{parameter}` is {kind_of(value)}: send an object, null, or nothing."
            raise bad(msg)
    document = query
    if document_id is not None or (extensions and EXTENSION in extensions):
        document = named_document(query, document_id, extensions) or query
    if document is None:
        msg = (
            "`query` is missing: send the text of the GraphQL document in `query`,"
            " or the id of a trusted or persisted document in `documentId`."
        )
        raise bad(msg)
    # An empty name counts as none: GraphQL over HTTP defines that for URLs, and operation names can't be empty.
    return GraphQLRequest(document, name or None, variables or {})


def _too_large(limit: int) -> HttpError:
    # The rest of the body is not read, so the connection can't be reused.
    return HttpError(413, FailureCode.PAYLOAD_TOO_LARGE, f"The body is longer than {limit:,} bytes.", _CLOSE)
