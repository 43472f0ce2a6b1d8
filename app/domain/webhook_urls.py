"""URLs of webhook endpoints: their form, and which ones the service may send to.

A name is only checked when the service connects, because DNS may give it another address by then.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import invalid, text
from app.domain.network_addresses import Address, is_public
from app.domain.webhooks import MOST_URL_CHARACTERS

_PATH = ("url",)
_NOT_IN_URL = re.compile(r'[^!-~]|["<>\\^`{|}]')
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MOST_HOST_CHARACTERS = 253
# Resolvers read a name whose last part is a number as an IPv4 address, in forms such as 127.1 and 0x7f000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL = "localhost"
_plain = text(MOST_URL_CHARACTERS)


def read_url(value: object, path: Path) -> object:
    """Read the URL of an endpoint; report everything that is wrong with its form."""
    found = _plain(value, path)
    if not isinstance(found, str):
        return found
    try:
        parts = urlsplit(found)
        has_port = parts.port != 0  # a malformed port raises ValueError
    except ValueError:
        parts, has_port = None, False
    if parts is None or not has_port or _NOT_IN_URL.search(found) or not _is_host(parts):
        return invalid(path, "must be a URL in ASCII such as https://receiver.example.com/events.")
    problems = [invalid(path, message) for message in _faults(parts, found)]
    return problems or found


def url_problems(url: str, *, allows_http: bool, allows_private: bool) -> list[Problem]:
    """Return why the service doesn't send to a URL of valid form."""
    parts = urlsplit(url)
    messages: list[str] = []
    if parts.scheme != "https" and not allows_http:
        messages.append("must begin with https://: events are sent encrypted only.")
    if not allows_private and _is_private(_host_of(parts)):
        messages.append("must lead to a public address, not to this machine or into a private network.")
    return [Problem(ErrorCode.WEBHOOK_URL_NOT_ALLOWED, _PATH, message) for message in messages]


def _faults(parts: SplitResult, url: str) -> list[str]:
    messages: list[str] = []
    if parts.scheme not in {"http", "https"}:
        messages.append("must begin with https://.")
    if "@" in parts.netloc:
        messages.append("must not contain a user name or password: receivers check the signature.")
    if "#" in url:
        messages.append("must not contain a fragment, the part from #: it would not be sent.")
    return messages


def _host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").removesuffix(".")


def _is_host(parts: SplitResult) -> bool:
    host = _host_of(parts)
    if "[" in parts.netloc:
        return _address_of(host) is not None
    *_, last = labels = host.split(".")
    if _NUMBER.fullmatch(last):
        return _address_of(host) is not None
    return len(host) <= _MOST_HOST_CHARACTERS and all(map(_LABEL.fullmatch, labels))


def _address_of(host: str) -> Address | None:
    """Return the address that a host is written as; None for a name."""
    try:
        # An address with a scope, such as fe80::1%eth0, is valid on one machine only.
        return IPv6Address(host) if ":" in host and "%" not in host else IPv4Address(host)
    except AddressValueError:
        return None


def _is_private(host: str) -> bool:
    address = _address_of(host)
    return host.rsplit(".", maxsplit=1)[-1] == _LOCAL if address is None else not is_public(address)
