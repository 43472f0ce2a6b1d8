"""Media types and codings: which ones a client takes, and whether what it sends is JSON in UTF-8."""

from functools import lru_cache

from app.web.answers import JSON_TYPE

GRAPHQL_TYPE = "application/graphql-response+json"
_HTML_TYPE = "text/html"


@lru_cache(maxsize=256)
def negotiate(accept: str | None) -> str | None:
    """The media type of the answer to a request with this Accept header; None if the client takes neither.

    The higher quality wins, then the type that is named over one that a wildcard covers. A client that names both alike
    gets the newer type, whose statuses say more; one whose wildcards cover both gets plain JSON. Without the header it is
    the newer type, as GraphQL over HTTP has it, and also for a header whose list is empty, which asks for nothing (RFC 9110, 5.6.1).
    """
    ranges = _ranges(accept or "")
    if not ranges:
        return GRAPHQL_TYPE
    qualities = {media_type: _quality(media_type, ranges) for media_type in (JSON_TYPE, GRAPHQL_TYPE)}
    best = max(qualities.values())
    if best[0] == 0:
        return None
    equal = [media_type for media_type, quality in qualities.items() if quality == best]
    return equal[-1] if best[1] == 2 else equal[0]  # noqa: PLR2004 - two parts named, no wildcard


@lru_cache(maxsize=256)
def wants_page(accept: str | None) -> bool:
    """Whether the client is a browser that would show the answer as a page: those name HTML."""
    return accept is not None and _ranges(accept).get(_HTML_TYPE, 0) > 0


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether the client takes an answer that is compressed by gzip."""
    codings = _ranges(accept_encoding or "")
    return codings.get("gzip", codings.get("*", 0)) > 0


@lru_cache(maxsize=256)
def is_not_encoded(content_encoding: str) -> bool:
    """Return whether a body of this Content-Encoding is sent as it is: the list is empty or names `identity` alone."""
    return set(_ranges(content_encoding)) <= {"identity"}


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Whether a body of this Content-Type is JSON in UTF-8."""
    media_type, parameters = _split(content_type)
    return media_type == JSON_TYPE and parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


def _ranges(accept: str) -> dict[str, float]:
    """Return what a list names, in lower case, with its quality; empty elements are no elements."""
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        media_range, parameters = _split(part)
        if media_range:
            ranges[media_range] = _number(parameters.get("q", "1"))
    return ranges


def _quality(media_type: str, ranges: dict[str, float]) -> tuple[float, int]:
    """The quality of the range that fits best, and how many of its two parts are named."""
    major = media_type.partition("/")[0]
    for named, media_range in ((2, media_type), (1, f"{major}/*"), (0, "*/*")):
        if media_range in ranges:
            return ranges[media_range], named
    return 0, 0


def _split(value: str) -> tuple[str, dict[str, str]]:
    media_type, *rest = value.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    return media_type.strip().lower(), {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0
    return value if 0 <= value <= 1 else 0
