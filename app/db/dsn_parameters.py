"""Parameters of a connection URL and their valid values."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
VERIFYING = ("verify-ca", "verify-full")
SYSTEM_CERTIFICATES = "system"
"""Value of `sslrootcert` for the certificate authorities that the machine trusts."""
MOST_CONNECT_SECONDS = 3_600

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "sslmode": SSL_MODES,
    "sslnegotiation": ("postgres", "direct"),
    "channel_binding": ("disable", "prefer"),
    "gssencmode": ("disable", "prefer"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
_TEXTS = ("application_name", "options", "sslrootcert", "sslcert", "sslkey")
_WHOLE_NUMBERS = ("connect_timeout",)
_KNOWN = (*_CHOICES, *_TEXTS, *_WHOLE_NUMBERS)
_PLACE = ("host", "port", "user", "password", "dbname")
# Names that other drivers use.
_INSTEAD = {
    "ssl": "sslmode=require",
    "sslaccept": "sslmode",
    "timeout": "connect_timeout",
    "database": "dbname",
}
_NO_CHANNEL_BINDING = (
    "channel_binding=require is not possible: the driver (asyncpg) has no channel binding. "
    "Remove it, and write sslmode=verify-full with sslrootcert=system or sslrootcert=/path/to/ca.pem: "
    "then the server proves by its certificate who it is"
)


def check_parameters(given: Mapping[str, str], problems: list[str]) -> None:
    """Add a problem for each unknown parameter and each invalid value. Problems don't show values."""
    for name, value in given.items():
        if name not in _KNOWN:
            problems.append(_unknown(name))
        elif name == "channel_binding" and value == "require":
            problems.append(_NO_CHANNEL_BINDING)
        elif name == "gssencmode" and value == "require":
            problems.append(
                "gssencmode=require is not possible: the driver (asyncpg) encrypts by TLS only; see sslmode"
            )
        elif name in _CHOICES and value not in _CHOICES[name]:
            problems.append(f"{name} must be one of {', '.join(_CHOICES[name])}")
        elif name in _WHOLE_NUMBERS and not (
            re.fullmatch(r"0*[0-9]{1,9}", value) and int(value) <= MOST_CONNECT_SECONDS
        ):
            problems.append(f"{name} must be a whole number of seconds, 0 to {MOST_CONNECT_SECONDS}")
        elif name not in {"application_name", "options"} and not value:
            problems.append(f"{name} is empty: give it a value, or remove it")
    _check_together(given, problems)


def _check_together(given: Mapping[str, str], problems: list[str]) -> None:
    mode = given.get("sslmode")
    if given.get("sslrootcert") == SYSTEM_CERTIFICATES and mode not in {None, "verify-full"}:
        # As in libpq: without verifying the host's name, any certificate from a trusted authority would be accepted.
        problems.append("sslrootcert=system needs sslmode=verify-full")
    weak = mode in {"disable", "allow", "prefer"} or (mode is None and given.get("sslrootcert") != SYSTEM_CERTIFICATES)
    if given.get("sslnegotiation") == "direct" and weak:
        problems.append("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full")
    if "sslkey" in given and "sslcert" not in given:
        problems.append("sslkey needs sslcert, the certificate that the key belongs to")


def _unknown(name: str) -> str:
    close = get_close_matches(name.lower(), (*_KNOWN, *_PLACE), n=1, cutoff=0.8)
    instead = _INSTEAD.get(name.lower()) or (close[0] if close else None)
    help_ = f"write {instead} instead" if instead else f"remove it (known are {', '.join((*_PLACE, *_KNOWN))})"
    return f'the parameter "{name}" is unknown: {help_}'
