"""The key by which a row of a list names its customer."""

from collections.abc import Mapping
from typing import NamedTuple, cast
from uuid import UUID

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import invalid, key_text, read_uuid
from app.domain.inputs import Field

_READERS = {"id": read_uuid, "customer_number": key_text(50), "external_system_id": key_text()}


class CustomerKey(NamedTuple):
    """A unique key of a customer."""

    attribute: str
    value: UUID | str


def _read_key(value: object, path: Path) -> object:
    """Read the one key that names the customer."""
    given: Mapping[str, object] = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
    named = {name: key for name, key in given.items() if key is not None}
    if len(named) != 1 or not named.keys() <= _READERS.keys():
        return invalid(path, "must name the customer by exactly one of id, customerNumber and externalSystemId.")
    ((name, key),) = named.items()
    where = (*path, name)
    found = _READERS[name](key, where)
    if found is None:
        return Problem(ErrorCode.FIELD_REQUIRED, where, "must be given and not be blank.")
    return found if isinstance(found, Problem) else CustomerKey(name, cast("UUID | str", found))


CUSTOMER = Field(_read_key, clearable=False)
"""The customer of a row, by exactly one key."""
