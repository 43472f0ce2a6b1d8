"""Automatic sign-in of the explorer, for development only: a token for browsers on the same machine."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

_LOOPBACK_NAME = "localhost"
_NOT_FROM_HERE = (
    "The explorer signs in automatically only on the machine that the service runs on: open it there as"
    " http://localhost, "
    "or paste the token that the service printed when it started."
)
_PROXIES = re.compile(r"(x-)?forwarded|via$|(x-)?(real|client|cluster-client|original)-|true-client-ip$|cf-|fly-")
"""Lower-case names of headers that proxies add and browsers don't."""
_UNCACHED = {"cache-control": "no-store"}


class SignIn:
    """The endpoint that returns a token to the explorer's page. It must not be part of a deployed service."""

    def __init__(self, make_token: Callable[[], str]) -> None:
        self._make_token = make_token

    async def answer(self, request: Request) -> Response:
        """Answer with a new token; 403 if the request isn't from the explorer's page on this machine."""
        if not _is_the_page_itself(request):
            return PlainTextResponse(_NOT_FROM_HERE, 403, _UNCACHED)
        return JSONResponse({"token": self._make_token()}, headers=_UNCACHED)


def _is_the_page_itself(request: Request) -> bool:
    headers = request.headers
    host, origin = headers.get("host", ""), headers.get("origin")
    return (
        # Reject other machines, and proxies on this machine that forward their requests.
        request.client is not None
        and _is_loopback(request.client.host)
        and not any(_PROXIES.match(name) for name in headers)
        # Reject sites whose name resolves to this machine (DNS rebinding): the browser sends that name.
        and _is_loopback(_name_in(host))
        # Reject other sites: browsers send the page's origin with every POST.
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
