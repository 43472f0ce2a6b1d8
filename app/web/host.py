"""Check a request's HTTP version and its Host header, which RFC 9112 (3.2) and RFC 9110 (4.2.1) require."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address

from app.web.malformed import bad

_CLOSE = (("connection", "close"),)
_NAME_AND_PORT = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::0*(?P<port>[0-9]{,5}))?", re.ASCII
)
_LAST_PORT = 65_535
# As ASGI names them. The parser also accepts "HTTP/0.9" and "HTTP/2.0" in a request line, where neither is valid.
_VERSIONS = frozenset({"1.0", "1.1", "2", "3"})


def check_host(hosts: Sequence[bytes], http_version: str) -> None:
    """Raise HttpError (400) unless the version is known and exactly one valid Host was sent. HTTP/1.0 may omit it."""
    if http_version not in _VERSIONS:
        msg = f"The request line contains HTTP/{http_version}: send HTTP/1.1."
        raise bad(msg, _CLOSE)
    if len(hosts) == 1 and _is_valid(hosts[0]):
        return
    if not hosts:
        if http_version == "1.0":
            return
        msg = "The request has no `Host` header: send one with the name of this service."
    elif len(hosts) > 1:
        msg = f"The request has {len(hosts)} `Host` headers: send one."
    else:
        msg = "The `Host` header is malformed: send a host name or an address, and a port where it isn't the usual one."
    raise bad(msg, _CLOSE)


@lru_cache(maxsize=256)
def _is_valid(host: bytes) -> bool:
    """Return whether this is a host with an optional port (RFC 3986). HTTP doesn't allow an empty host."""
    found = _NAME_AND_PORT.fullmatch(host.decode("latin-1").strip(" \t"))
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        return False
    try:
        return found["ipv6"] is None or bool(IPv6Address(found["ipv6"]).exploded)
    except ValueError:
        return False
