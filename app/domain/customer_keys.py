"""The key by which a row of a list names its customer."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast
from uuid import UUID

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS, invalid, key_text, missing, read_uuid, schema_name
from app.domain.inputs import Field
from app.domain.texts import shown

_READERS = {"id": read_uuid, "customer_number": key_text(MOST_NUMBER_CHARACTERS), "external_system_id": key_text()}
CUSTOMER_KEYS = tuple(_READERS)
"""The attributes that are keys of a customer."""
UNIQUE_FIELDS = ("customer_number", "external_system_id")
"""The keys that are fields of a customer: unique in a company."""


class CustomerKey(NamedTuple):
    """A unique key of a customer."""

    attribute: str
    value: UUID | str


def _read_key(value: object, path: Path) -> object:
    """Read the one key that names the customer."""
    given: Mapping[str, object] = cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
    if not given and isinstance(value, Mapping):
        given = cast("Mapping[str, object]", value)
    named = {name: key for name, key in given.items() if key is not None}
    if len(named) != 1 or not named.keys() <= _READERS.keys():
        *names, last = map(schema_name, CUSTOMER_KEYS)
        return invalid(path, f"must name the customer by exactly one of {', '.join(names)} and {last}.")
    ((name, key),) = named.items()
    where = (*path, name)
    found = _READERS[name](key, where)
    if found is None:
        return missing(where)
    return found if isinstance(found, Problem) else CustomerKey(name, cast("UUID | str", found))


def customer_not_found(path: Path, noun: str = "id") -> Problem:
    """Return the problem of an id or key that no customer of the company has."""
    return Problem(ErrorCode.CUSTOMER_NOT_FOUND, path, f"must be the {noun} of a customer of the company.")


def key_not_found(key: CustomerKey) -> Problem:
    """Return the problem of a row whose key no customer of the company has."""
    message = f"must be the key of a customer of the company, not {shown(str(key.value))}."
    return Problem(ErrorCode.CUSTOMER_NOT_FOUND, ("customer", key.attribute), message)


def values_by_attribute(keys: Iterable[CustomerKey | None]) -> dict[str, set[Any]]:
    """Return the values of keys, by attribute; every attribute has an entry."""
    named: dict[str, set[Any]] = {name: set() for name in CUSTOMER_KEYS}
    for key in keys:
        if key is not None:
            named[key.attribute].add(key.value)
    return named


CUSTOMER = Field(_read_key, clearable=False)
"""The customer of a row, by exactly one key."""
