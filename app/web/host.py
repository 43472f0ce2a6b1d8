"""The Host of a request, checked as RFC 9112 (3.2) wants it: one, and well formed."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address

from app.web.malformed import bad

_CLOSE = (("connection", "close"),)
_NAME_AND_PORT = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?", re.ASCII
)


def check_host(hosts: Sequence[bytes], http_version: str) -> None:
    """Raise a Refusal (400) unless exactly one valid Host was sent; HTTP/1.0 may leave it out."""
    if len(hosts) == 1 and _is_valid(hosts[0]):
        return
    if not hosts:
        if http_version != "1.1":
            return
        msg = "The request has no `Host` header: send one with the name of this service."
    elif len(hosts) > 1:
        msg = f"The request has {len(hosts)} `Host` headers: send one."
    else:
        msg = "The `Host` header is malformed: send a host name or an address, and a port where it isn't the usual one."
    raise bad(msg, _CLOSE)


@lru_cache(maxsize=256)
def _is_valid(host: bytes) -> bool:
    """Whether it is a host with or without a port, by the grammar of RFC 3986; it may be empty."""
    found = _NAME_AND_PORT.fullmatch(host.decode("latin-1").strip(" \t"))
    if found is None:
        return False
    try:
        return found["ipv6"] is None or bool(IPv6Address(found["ipv6"]).exploded)
    except ValueError:
        return False
