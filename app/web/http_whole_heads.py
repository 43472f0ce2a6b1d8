"""Read the first line and the headers of ordinary requests, and leave all others to the parser (ADR 28)."""

import re
from typing import NamedTuple

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from app.web.http_rejections import MAX_HEADERS

MAX_WHOLE_HEAD = 4_096
"""Maximum size of the headers of a request that is read here, in bytes. Each connection keeps its latest."""

_BREAK, _END = b"\r\n", b"\r\n\r\n"
# Each part of a pattern ends where the next one begins, so matching takes linear time.
_LINE = re.compile(rb"(GET|POST|PATCH) (/|(?:/[A-Za-z0-9_-]+)+)(?:\?([A-Za-z0-9._~%=&+\[\]-]+))? HTTP/1\.1")
_HEADER = re.compile(rb"([A-Za-z0-9_-]+): ([!-~](?:[ -~]*[!-~])?)")
_LENGTH = re.compile(rb"[1-9][0-9]{0,4}")
_FOR_THE_PARSER = frozenset({b"transfer-encoding", b"upgrade", b"expect", b"proxy-connection", b"trailer", b"te"})
"""Headers that change how a request is read or answered, beside Content-Length and Connection."""

_Header = tuple[bytes, bytes]


class Line(NamedTuple):
    """The first line of a request."""

    text: bytes
    """The line with its line break."""
    method: str
    path: str
    raw_path: bytes
    query_string: bytes


class Fields(NamedTuple):
    """The headers of a request."""

    text: bytes
    """All bytes between the first line and the body."""
    headers: list[_Header]
    by_line: dict[bytes, _Header]
    """The headers by their lines, because most lines of the next request are the same."""
    length: int | None
    """The value of Content-Length; None without that header."""


class Head(NamedTuple):
    """The first line and the headers of a request."""

    text: bytes
    """All bytes up to the body."""
    line: Line
    fields: Fields
    size: int
    """Number of bytes of the whole request."""


def read_head(data: bytes, before: Head | None = None) -> Head | None:
    """Return the head of an ordinary request at the beginning of the data; None if the parser has to read it.

    `before` is the head of an earlier request. What is the same is not read again.
    """
    line = before.line if before is not None and data.startswith(before.line.text) else _read_line(data)
    if line is None:
        return None
    start = len(line.text)
    if before is not None and data.startswith(before.fields.text, start):
        fields = before.fields
    else:
        fields = _read_fields(data, start, {} if before is None else before.fields.by_line)
    if fields is None:
        return None
    end, length = start + len(fields.text), fields.length
    is_ordinary = length is None if line.method == "GET" else length is not None and not line.query_string
    return Head(data[:end], line, fields, end + (length or 0)) if is_ordinary and end <= MAX_WHOLE_HEAD else None


def _read_line(data: bytes) -> Line | None:
    """Return the first line; None if the parser has to read the request."""
    end = data.find(_BREAK, 0, MAX_WHOLE_HEAD)
    found = _LINE.fullmatch(data[: max(end, 0)])
    if found is None:
        return None
    method, path, query_string = found.groups(b"")
    return Line(data[: end + len(_BREAK)], method.decode("ascii"), path.decode("ascii"), path, query_string)


def _read_fields(data: bytes, start: int, known: dict[bytes, _Header]) -> Fields | None:
    """Return the headers, which begin after a line break; None if the parser has to read the request."""
    end = data.find(_END, start - len(_BREAK), MAX_WHOLE_HEAD)
    lines = data[start:end].split(_BREAK) if end > start else []
    if end < 0 or len(lines) > MAX_HEADERS:
        return None
    by_line: dict[bytes, _Header] = {}
    headers: list[_Header] = []
    length: int | None = None
    for text in lines:
        header = known.get(text) or _read_header(text)
        if header is None:
            return None
        by_line[text] = header
        if header[0] == b"content-length":
            if length is not None:
                return None
            length = int(header[1])
        headers.append(header)
    if length is not None and length > HIGH_WATER_LIMIT:
        return None
    return Fields(data[start : end + len(_END)], headers, by_line, length)


def _read_header(line: bytes) -> _Header | None:
    """Return the name in lower case and the value; None if the parser has to read the request."""
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    name, value = found[1].lower(), found[2]
    if name == b"content-length":
        is_ordinary = _LENGTH.fullmatch(value) is not None
    elif name == b"connection":
        is_ordinary = value.lower() == b"keep-alive"
    else:
        is_ordinary = name not in _FOR_THE_PARSER
    return (name, value) if is_ordinary else None
