"""What readers of input values take, as far as a schema can state it; descriptions of the API are made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

ReaderT = TypeVar("ReaderT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a value. A text's are those of its stored form: blanks around it don't count."""

    least_characters: int | None = None
    most_characters: int | None = None
    form: str | None = None
    """The form of a text, under its name in JSON Schema: `idn-email`, `iri` or `uuid`."""
    pattern: str | None = None
    """A regular expression that a text matches, in the syntax that Python and ECMAScript share.

    It may match more than the reader takes, if that depends on tables: of countries, or of invisible characters.
    """
    least: Decimal | int | None = None
    most: Decimal | int | None = None


_NONE = Limits()
_LIMITS: dict[Callable[..., Any], Limits] = {}


def limited(reader: ReaderT, limits: Limits) -> ReaderT:
    """Declare the limits of what a reader takes; return the reader. It must enforce them itself."""
    _LIMITS[reader] = limits
    return reader


def limits_of(reader: Callable[..., Any]) -> Limits:
    """Return the declared limits of a reader; those of one that declares none are all None."""
    return _LIMITS.get(reader, _NONE)
