"""Signing the explorer in by itself, which only the development command turns on: a token for browsers of this very machine."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

_LOOPBACK_NAME = "localhost"
_NOT_FROM_HERE = (
    "The explorer signs in by itself only on the machine that the service runs on: open it there as http://localhost, "
    "or paste the token that the service printed when it started."
)
_PROXIES = re.compile(r"(x-)?forwarded|via$|(x-)?(real|client|cluster-client|original)-|true-client-ip$|cf-|fly-")
"""Headers, by their lower-case names, that proxies add and browsers don't."""
_UNCACHED = {"cache-control": "no-store"}


class SignIn:
    """The endpoint that gives the explorer's page a token; never part of an application that serves others."""

    def __init__(self, make_token: Callable[[], str]) -> None:
        self._make_token = make_token

    async def answer(self, request: Request) -> Response:
        """Return a new token; 403 unless the service's own page asks, in a browser on the same machine."""
        if not _is_the_page_itself(request):
            return PlainTextResponse(_NOT_FROM_HERE, 403, _UNCACHED)
        return JSONResponse({"token": self._make_token()}, headers=_UNCACHED)


def _is_the_page_itself(request: Request) -> bool:
    headers = request.headers
    host, origin = headers.get("host", ""), headers.get("origin")
    return (
        # Not another machine, nor a proxy beside the service that speaks for one.
        request.client is not None
        and _is_loopback(request.client.host)
        and not any(_PROXIES.match(name) for name in headers)
        # Not a site whose name was made to lead here: its own name is what the browser sends.
        and _is_loopback(_name_in(host))
        # Not another site: browsers name the page's origin with every POST, and whatever isn't a browser has no use for this.
        and origin in {f"http://{host}", f"https://{host}"}
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
    )


def _name_in(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    try:
        return host == _LOOPBACK_NAME or ip_address(host or "").is_loopback
    except ValueError:
        return False
