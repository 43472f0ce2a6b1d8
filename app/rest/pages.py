"""Make arrays of a connection's pages, by cutting the bytes: the rows are not parsed."""

from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

import orjson

from app.rest.answers import Pages

_PAGE_INFO = b',"pageInfo":'


class Page(NamedTuple):
    """A page of an array."""

    rows: bytes
    """The array with the rows of the page."""
    after: str | None
    """The cursor after which the next page begins; None if there is none."""


def page_of(pages: Pages, answer: bytes) -> Page | None:
    """Return the page of an answer; None if an object above the connection doesn't exist."""
    beginning = b'{"data":%b{"nodes":' % b"".join(b'{"%b":' % field.encode() for field in pages.path)
    if not answer.startswith(beginning):
        return None
    cut = answer.rindex(_PAGE_INFO)
    info = orjson.loads(answer[cut + len(_PAGE_INFO) : -len(pages.path) - 2])
    return Page(answer[len(beginning) : cut], info["endCursor"] if info["hasNextPage"] else None)


def next_page(query: bytes, after: str) -> str:
    """Return the reference to the next page: the URL of this page with another cursor in its query.

    Without a path, it keeps that of the request (RFC 3986, 5.2.2), whatever prefix a proxy has removed from it.
    """
    kept = [part for part in query.split(b"&") if part and unquote_to_bytes(part.partition(b"=")[0]) != b"after"]
    # What a client has encoded stays as it is. Whatever else a header's URL can't contain is encoded.
    return "?" + quote(b"&".join([*kept, b"after=" + quote(after, safe="").encode()]), safe="%&=+")
