"""Types of settings: how they are parsed, with messages for invalid values."""

import json
import re
from pathlib import Path
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from app.db.connection_files import check_files
from app.db.dsn import is_host_name

ANY_ORIGIN = "*"
ALLOWED_HEADERS = (
    "authorization",
    "x-api-key",
    "content-type",
    "x-request-id",
    # Where a stream of server-sent events resumes.
    "last-event-id",
    # REST: conditional requests, and mutations that are safe to repeat.
    "if-match",
    "if-none-match",
    "idempotency-key",
    # Tracing: W3C Trace Context, Sentry, Zipkin and Datadog.
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "b3",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-origin",
    "x-datadog-sampling-priority",
    # Apollo Client, its tools, and compatible clients.
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "x-apollo-operation-id",
    "x-apollo-operation-name",
    "x-apollo-operation-type",
    "x-apollo-cache-key",
    "graphql-client-name",
    "graphql-client-version",
)
_HEADER_NAME = re.compile(r"[!#$%&'+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN_SHAPE = "write scheme, host and, if it is not the default, port, such as https://app.example.com"


def in_upper_case(value: object) -> object:
    """Return a string in upper case, without surrounding spaces."""
    return value.strip().upper() if isinstance(value, str) else value


def in_lower_case(value: object) -> object:
    """Return a string in lower case, without surrounding spaces."""
    return value.strip().lower() if isinstance(value, str) else value


def origin_of(text: str) -> str:
    """Return an origin as browsers send it. Raise ValueError with the correction if it is invalid."""
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if (
        parts.scheme
        and "://" in text
        and (parts.username is not None or parts.path.strip("/") or "?" in text or "#" in text)
    ):
        msg = f"{text!r} is more than an origin: {_ORIGIN_SHAPE}"
        raise ValueError(msg)
    if host and text.endswith("/"):
        msg = f"{text!r} ends in a slash, which no browser sends: write {text.rstrip('/')}"
        raise ValueError(msg)
    if "://" not in text and _HOST.fullmatch(text.lower().partition("/")[0].partition(":")[0]):
        msg = f"{text!r} has no scheme: write https://{text.partition('/')[0].lower()}"
        raise ValueError(msg)
    written = f"[{host}]" if ":" in host else host
    if "*" in host:
        msg = (
            f"{text!r} has a wildcard, which matches nothing: list each origin, or write * alone to allow every origin"
        )
        raise ValueError(msg)
    if not _SCHEME.fullmatch(parts.scheme) or not _HOST.fullmatch(written):
        hint = "" if text.isascii() else "; write an international name in its xn-- form"
        msg = f"{text!r} is not an origin: {_ORIGIN_SHAPE}{hint}"
        raise ValueError(msg)
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{written}" if is_default else f"{parts.scheme}://{written}:{port}"


def _listed(value: object) -> object:
    """Return the items of a list in JSON or separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            items: object = json.loads(value)
        except (ValueError, RecursionError):
            items = None
        if not isinstance(items, list) or not all(isinstance(item, str) for item in cast("list[object]", items)):
            msg = 'is not a list: write the items separated by commas, or as a JSON list of strings: ["a", "b"]'
            raise ValueError(msg)
        return tuple(cast("list[str]", items))
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    if origins == (ANY_ORIGIN,):
        return origins
    found: dict[str, None] = {}
    problems: list[str] = []
    for origin in origins:
        if origin == ANY_ORIGIN:
            problems.append("* can't be combined with origins: remove it, or remove the origins")
            continue
        try:
            found[origin_of(origin)] = None
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(found)


def _header_names(names: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [name for name in names if not _HEADER_NAME.fullmatch(name)]
    if wrong:
        shown = ", ".join(repr(name) for name in wrong)
        msg = (
            f"{shown} can't be a header's name: list the headers' names, separated by commas; wildcards are not"
            " supported"
        )
        raise ValueError(msg)
    return tuple(dict.fromkeys(name.lower() for name in names))


def _connection_url(value: str) -> str:
    # Messages must not contain the value, which may include a password.
    check_files(value)
    return value


def _printable_path(value: Path) -> Path:
    if not str(value).isprintable():
        # Control characters would break the lines of messages and logs.
        msg = "contains a character that can't be printed: rename the file"
        raise ValueError(msg)
    return value


def _host_name(value: str) -> str:
    if not is_host_name(value):
        msg = "is not a host name or an address: write 127.0.0.1 for this machine alone, 0.0.0.0 for every network"
        raise ValueError(msg)
    return value


ConnectionUrl = Annotated[str, AfterValidator(_connection_url)]
File = Annotated[Path, AfterValidator(_printable_path)]
HostName = Annotated[str, AfterValidator(_host_name)]
Origins = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_origins)]
HeaderNames = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_header_names)]
