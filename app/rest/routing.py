"""Find the endpoints of a path."""

import re
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from app.rest.percent import is_malformed

ROOT = "/v1"
"""The path below which all endpoints are."""
PREFIX = f"{ROOT}/"
"""How the paths of all endpoints begin."""

_PARAMETER = re.compile(r"\{(\w+)\}")


class HasPath(Protocol):
    """What a path and a method lead to."""

    @property
    def method(self) -> str:
        """The method, in upper case."""
        ...

    @property
    def path(self) -> str:
        """The path, with its parameters in braces."""
        ...


def is_rest(path: str) -> bool:
    """Return whether REST answers the requests for a path: it is `/v1` or below it."""
    return path.startswith(PREFIX) or path == ROOT


def path_of(raw_path: bytes) -> str | None:
    """Return a path without its percent-encoding, in which an encoded slash separates nothing and so stays encoded.

    None if its encoding is malformed. What isn't UTF-8 is the name of nothing, and is replaced.
    """
    if is_malformed(raw_path):
        return None
    parts = (unquote_to_bytes(part).decode(errors="replace") for part in raw_path.split(b"/"))
    return "/".join(part.replace("/", "%2F") for part in parts)


def relative(path: str, base: str) -> str:
    """Return the reference to a path from `base`, a path beside or above it.

    It is relative to the last folder (RFC 3986, 5.2.3), so that it leads there below every prefix.
    """
    return path.removeprefix(base[: base.rindex("/") + 1])


EndpointT = TypeVar("EndpointT", bound=HasPath)


class Found(NamedTuple, Generic[EndpointT]):
    """The endpoints of a path by their methods, and the values in the path."""

    by_method: Mapping[str, EndpointT]
    values: Mapping[str, str]

    @property
    def allow(self) -> str:
        """The methods, as in the header `Allow`."""
        return ", ".join(sorted({*self.by_method, *(("HEAD",) if "GET" in self.by_method else ())}))


class Routes(Generic[EndpointT]):
    """Endpoints by their paths."""

    def __init__(self, endpoints: Iterable[EndpointT]) -> None:
        by_path: dict[str, dict[str, EndpointT]] = {}
        for endpoint in endpoints:
            by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        self._fixed = {path: by_method for path, by_method in by_path.items() if not _PARAMETER.search(path)}
        self._patterns = [
            (re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path)), by_method)
            for path, by_method in by_path.items()
            if path not in self._fixed
        ]

    def find(self, path: str) -> Found[EndpointT] | None:
        """Return the endpoints of a path; None if there are none."""
        if path in self._fixed:
            return Found(self._fixed[path], {})
        for pattern, by_method in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return Found(by_method, match.groupdict())
        return None
