"""Forms of texts: each takes trimmed text and returns the text to store, or None if the text is malformed."""

import re
from urllib.parse import urlsplit

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from iso3166 import countries_by_alpha2

from app.domain.limits import Limits, limited
from app.domain.money import is_currency

# Accepts domains that work inside a network only, such as firma.local. The library documents this way.
SPECIAL_USE_DOMAIN_NAMES.clear()
_PUNYCODE = re.compile(r"(?<![^.])xn--(?=[a-z0-9-]+(?:\.|\Z))", re.ASCII | re.IGNORECASE)
_NOT_IN_URL = frozenset('"<>\\^`{|}')


def email(value: str) -> str | None:
    """Return an email address as written; None if its syntax is wrong.

    The domain needn't be reachable: `x@firma.local` and `x@test` can be addresses within a company. Quoted local parts
    and address literals are valid. So is a label such as `xn--a`, even if it isn't valid Punycode.
    """
    local, at, domain = value.rpartition("@")
    try:
        validate_email(
            # Without the prefix "xn--" the library doesn't decode the label. "xnxx" keeps its syntax and length.
            local + at + _PUNYCODE.sub("xnxx", domain),
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            strict=True,  # at most 64 characters before the @
        )
    except EmailNotValidError:
        return None
    return value


def country(value: str) -> str | None:
    """Return an ISO 3166-1 alpha-2 code in upper case, or None."""
    code = _upper(value)
    return code if code in countries_by_alpha2 else None


def currency(value: str) -> str | None:
    """Return an ISO 4217 code in upper case, or None."""
    code = _upper(value)
    return code if is_currency(code) else None


def _upper(code: str) -> str:
    # ASCII only: the upper case of "ß" is "SS", the code of South Sudan.
    return code.upper() if code.isascii() else code


def web_address(value: str) -> str | None:
    """Return an http or https URL as written, or None."""
    if any(char.isspace() or not char.isprintable() or char in _NOT_IN_URL for char in value):
        return None
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port  # an invalid port raises ValueError
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and all(host.removesuffix(".").split(".")) else None


limited(email, Limits(most_characters=254, form="idn-email"))
limited(country, Limits(least_characters=2, most_characters=2, pattern="^[A-Za-z]{2}$"))
limited(currency, Limits(least_characters=3, most_characters=3, pattern="^[A-Za-z]{3}$"))
limited(web_address, Limits(form="iri", pattern="^https?://"))
