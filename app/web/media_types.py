"""Media types and content codings: which ones a client accepts, and whether its body is JSON in UTF-8."""

from functools import lru_cache

from app.web.answers import JSON_TYPE

GRAPHQL_TYPE = "application/graphql-response+json"
EVENT_STREAM_TYPE = "text/event-stream"
_HTML_TYPE = "text/html"


@lru_cache(maxsize=256)
def negotiate(accept: str | None) -> str | None:
    """Return the media type of the response for this Accept header; None if the client accepts neither.

    The higher quality wins; if equal, a type that is named wins over a wildcard. If both are named, the response is
    `application/graphql-response+json`, which has more specific statuses; if both match a wildcard, it is JSON. Without
    a header, or with an empty one (RFC 9110, 5.6.1), it is the former, as GraphQL over HTTP defines.
    """
    ranges = _ranges(accept or "")
    if not ranges:
        return GRAPHQL_TYPE
    qualities = {media_type: _quality(media_type, ranges) for media_type in (JSON_TYPE, GRAPHQL_TYPE)}
    best = max(qualities.values())
    if best[0] == 0:
        return None
    equal = [media_type for media_type, quality in qualities.items() if quality == best]
    return equal[-1] if best[1] == 2 else equal[0]  # noqa: PLR2004 - both parts are named


@lru_cache(maxsize=256)
def takes_json(accept: str | None) -> bool:
    """Return whether the client accepts `application/json`, by name or by a wildcard, or accepts anything."""
    ranges = _ranges(accept or "")
    return not ranges or _quality(JSON_TYPE, ranges)[0] > 0


@lru_cache(maxsize=256)
def takes_events(accept: str | None) -> bool:
    """Return whether the client accepts server-sent events by name, which a subscription may be answered with."""
    return _ranges(accept or "").get(EVENT_STREAM_TYPE, 0) > 0


@lru_cache(maxsize=256)
def prefers_events(accept: str | None) -> bool:
    """Return whether the client prefers server-sent events to JSON, so that other operations are answered with them."""
    ranges = _ranges(accept or "")
    json = max(_quality(media_type, ranges) for media_type in (JSON_TYPE, GRAPHQL_TYPE))
    return takes_events(accept) and _quality(EVENT_STREAM_TYPE, ranges) > json


@lru_cache(maxsize=256)
def wants_page(accept: str | None) -> bool:
    """Return whether the client is a browser that would show the response as a page: these accept HTML by name."""
    return accept is not None and _ranges(accept).get(_HTML_TYPE, 0) > 0


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Return whether the client accepts gzip."""
    codings = _ranges(accept_encoding or "")
    return codings.get("gzip", codings.get("*", 0)) > 0


@lru_cache(maxsize=256)
def is_not_encoded(content_encoding: str) -> bool:
    """Return whether a body with this Content-Encoding is uncompressed: it is empty or only `identity`."""
    return set(_ranges(content_encoding)) <= {"identity"}


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Return whether a body with this Content-Type is JSON in UTF-8."""
    media_type, parameters = _split(content_type)
    return media_type == JSON_TYPE and parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


def _ranges(accept: str) -> dict[str, float]:
    """Return the elements of a list in lower case, with their qualities. Empty elements are ignored."""
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        media_range, parameters = _split(part)
        if media_range:
            ranges[media_range] = _number(parameters.get("q", "1"))
    return ranges


def _quality(media_type: str, ranges: dict[str, float]) -> tuple[float, int]:
    """Return the quality of the most specific range that matches, and how many of its two parts are not wildcards."""
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
