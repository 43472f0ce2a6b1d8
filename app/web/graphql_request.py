"""Reading a GraphQL request from a body or a URL, within bounds and to the letter."""

import json
import re
from collections.abc import Coroutine, Iterable, Mapping
from math import isinf
from typing import Any, NamedTuple, Never, cast
from urllib.parse import parse_qsl

import orjson
from starlette.types import Message, Receive

from app.domain.decimals import WrittenFloat
from app.engine.limits import MAX_VALUE_DEPTH
from app.engine.persisted import NamedDocument
from app.web.answers import to_json
from app.web.document_names import EXTENSION, named_document
from app.web.faults import FaultCode, Refusal
from app.web.malformed import bad, kind_of
from app.web.media_types import is_json, is_not_encoded

# The request and its `variables` are objects around the values themselves.
_MAX_JSON_DEPTH = MAX_VALUE_DEPTH + 2
_SIMPLE_JSON_DEPTH = 10
_MAX_URL_PARAMETERS = 20
_MEMBERS = ("query", "operationName", "variables", "extensions", "documentId")
_CLOSE = (("connection", "close"),)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class ClientGone(Exception):
    """The client went away before it had its answer."""


class GraphQLRequest(NamedTuple):
    """What a client asks to run."""

    document: str | NamedDocument
    """Its text, or how it is named."""
    operation_name: str | None
    variables: Mapping[str, Any]


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The body of a POST; never more than the limit is held, whatever the client announces."""
    if not is_json(headers.get("content-type", "")):
        raise Refusal(
            415,
            FaultCode.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as `application/json` in UTF-8, and say so in `Content-Type`.",
        )
    if not is_not_encoded(headers.get("content-encoding", "")):
        raise Refusal(415, FaultCode.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without a `Content-Encoding`.")
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
            return bytes(body)


def has_left(receive: Receive) -> bool:
    """Whether the client of a request whose body was read is gone already, as far as the server knows; nothing is waited for."""
    try:
        # The rest of a GET, whose empty body nobody read, and then what there is to know.
        for _ in range(2):
            waiting = cast("Coroutine[object, None, Message]", receive())
            try:
                waiting.send(None)
            except StopIteration as received:
                if received.value["type"] == "http.disconnect":
                    return True
            else:
                # It waits for something to happen, so the client is there.
                waiting.close()
                return False
    except Exception:  # noqa: BLE001 - what can't be told is taken as still there
        return False
    return False


def from_body(body: bytes) -> GraphQLRequest:
    """The request that a POST's body holds."""
    if not body:
        msg = "The body is empty: send a JSON object with a `query`."
        raise bad(msg)
    parameters = _simple_json(body)
    if parameters is None:
        parameters = _json(_text(body, "body"), "body")
    if not isinstance(parameters, dict):
        msg = f"The body is {kind_of(parameters)}: send a JSON object with a `query`; batches are not served."
        raise bad(msg)
    return _request(cast("dict[str, Any]", parameters))


def from_url(query_string: bytes, limit: int) -> GraphQLRequest:
    """The request that a GET's URL holds."""
    if len(query_string) > limit:
        raise Refusal(
            414,
            FaultCode.PAYLOAD_TOO_LARGE,
            f"The URL's query is longer than {limit:,} bytes: send the operation by POST.",
        )
    text = _text(query_string, "URL")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_URL_PARAMETERS)
    except UnicodeDecodeError:
        msg = "The URL isn't UTF-8."
        raise bad(msg) from None
    except ValueError:
        msg = f"The URL has more than {_MAX_URL_PARAMETERS} parameters."
        raise bad(msg) from None
    parameters: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = _json(parameters[name], f"`{name}` parameter")
    return _request(parameters)


def _request(parameters: Mapping[str, Any]) -> GraphQLRequest:
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
        msg = "`query` is missing: it is the text of the GraphQL document; a document that is known can be named in `documentId`."
        raise bad(msg)
    # An empty name is the same as none: GraphQL over HTTP says so of URLs, and no operation can have it.
    return GraphQLRequest(document, name or None, variables or {})


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        msg = f"The {where} isn't UTF-8."
        raise bad(msg) from None


def _simple_json(body: bytes) -> object:
    """The value of JSON that orjson reads as the standard library does; None where only the latter does, or says what is wrong."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if _is_simple(value, _SIMPLE_JSON_DEPTH) else None


def _is_simple(value: object, levels: int) -> bool:
    """Whether there is no number that may have lost digits, and no deep nesting."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        if not levels:
            return False
        return all(_is_simple(each, levels - 1) for each in cast("list[object]", value))
    return type(value) is not float


def _json(text: str, where: str) -> object:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        msg = f"The {where} isn't JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        raise bad(msg) from None
    except ValueError:
        msg = f"The {where} holds a number that has too many digits."
        raise bad(msg) from None
    except RecursionError:
        value = None
        too_deep = True
    else:
        # Counting brackets is cheap and bounds the depth; only where it allows for too much is the value walked.
        too_deep = text.count("[") + text.count("{") > _MAX_JSON_DEPTH and _is_too_deep(value)
    if too_deep:
        msg = f"The {where} nests more than {_MAX_JSON_DEPTH} lists and objects."
        raise bad(msg)
    if _SURROGATE_ESCAPE.search(text):
        _check_unicode(value, where)
    return value


def _check_unicode(value: object, where: str) -> None:
    try:
        to_json(value)
    except UnicodeEncodeError:
        msg = f"The {where} holds half of a surrogate pair (\\ud800 to \\udfff alone), which is no character."
        raise bad(msg) from None


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_JSON_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    """The members of a list or object; an empty one has itself counted by a stand-in."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values() or (None,)
    if isinstance(value, list):
        return cast("list[object]", value) or (None,)
    return ()


def _refuse_constant(name: str) -> Never:
    msg = f"{name} isn't JSON: numbers are finite."
    raise bad(msg)


def _finite(text: str) -> WrittenFloat:
    value = WrittenFloat(text)
    if isinf(value):
        msg = f"The number {text[:40]} is too large."
        raise bad(msg)
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _too_large(limit: int) -> Refusal:
    # The rest of the body is not read, so the connection can't be used again.
    return Refusal(413, FaultCode.PAYLOAD_TOO_LARGE, f"The body is longer than {limit:,} bytes.", _CLOSE)
