"""Fields of a customer group and how inputs are read into them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast
from uuid import UUID

from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS, amount, invalid, key_text, read_uuid, schema_name, text
from app.domain.inputs import EXPECTED_VERSION, ID, Field, as_read, read_input
from app.domain.limits import Limits, limited
from app.domain.metadata_fields import METADATA_FIELDS, canonical_metadata, form_conflicts

_MOST_PERCENT = 100
_percent = amount(signed=False)


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A group to update or delete."""

    id: UUID | None
    """None if it is malformed."""
    values: Mapping[str, object]
    expected_version: int | None


def _discount(value: object, path: Path) -> object:
    """Read a percentage with at most two decimals."""
    found = _percent(value, path)
    if isinstance(found, Decimal) and found > _MOST_PERCENT:
        return invalid(path, f"must be at most {_MOST_PERCENT} percent, not {found}.")
    return found


limited(_discount, Limits(least=0, most=_MOST_PERCENT))


FIELDS: Mapping[str, Field] = {
    "number": Field(key_text(MOST_NUMBER_CHARACTERS), clearable=False),
    "name": Field(text(), clearable=False),
    "discount": Field(_discount, clearable=False, default=Decimal(0)),
    "account_id": ID,
}
_ROW_FIELDS: Mapping[str, Field] = {
    "id": Field(read_uuid),
    **FIELDS,
    "account_number": Field(key_text(MOST_NUMBER_CHARACTERS), clearable=False),
    "expected_version": EXPECTED_VERSION,
}
DEFAULTS = {name: field.default for name, field in FIELDS.items() if field.default is not None}
"""Values of a new group that an input leaves out, by attribute; the same as the columns' defaults."""
ROW_ATTRIBUTES = (*_ROW_FIELDS, *METADATA_FIELDS)
"""The attributes of a row of a list."""
_ALL_FIELDS = {"id": ID, "expected_version": EXPECTED_VERSION, **FIELDS}


def read_new_group(given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of a new group and all problems of the input."""
    return _read(given, FIELDS)


def read_group_row(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of a row of a list that were sent, by attribute, and all problems.

    Without an id, the number is required, as the key. A new group needs a name and an account, by id or number.
    """
    fields = dict(_ROW_FIELDS)
    required = {"number"} if given.get("id") is None else set[str]()
    required |= {"name"} if creating else set[str]()
    if creating and given.get("account_number") is None:
        required.add("account_id")
    fields |= {name: replace(fields[name], required=True) for name in required}
    values, problems = read_input(given, {**fields, **METADATA_FIELDS}, creating=True)
    if given.get("account_id") is not None and given.get("account_number") is not None:
        message = f"must be left out beside {schema_name('account_id')}: an account is named by one key."
        problems.append(Problem(ErrorCode.FIELD_CONFLICT, ("account_number",), message))
    return values, [*problems, *form_conflicts(given)]


def row_keys(given: Mapping[str, object]) -> tuple[UUID | None, str | None]:
    """Return the id and the number of a row; None for what it lacks or what is invalid."""
    values, _ = read_input(given, {name: _ROW_FIELDS[name] for name in ("id", "number")})
    return cast("UUID | None", values.get("id")), cast("str | None", values.get("number"))


def canonical_group_row(given: Mapping[str, object]) -> dict[str, object]:
    """Return a row of a list with every value in its stored form."""
    values, _ = read_input(given, {**_ROW_FIELDS, **METADATA_FIELDS})
    return canonical_metadata(as_read(given, values))


def read_group_change(given: Mapping[str, object]) -> tuple[GroupChange, list[Problem]]:
    """Return the change that an input describes and all problems of the input."""
    values, found = _read(given, _ALL_FIELDS)
    expected = cast("int | None", values.pop("expected_version", None))
    return GroupChange(cast("UUID | None", values.pop("id", None)), values, expected), found


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return the input for a new, updated or deleted group with every value in its stored form."""
    return canonical_metadata(as_read(given, _read(given, _ALL_FIELDS)[0]))


def problems(given: Mapping[str, object]) -> list[Problem]:
    """Return the problems of the fields that were sent."""
    return _read(given, _ALL_FIELDS)[1]


def _read(given: Mapping[str, object], fields: Mapping[str, Field]) -> tuple[dict[str, object], list[Problem]]:
    values, found = read_input(given, {**fields, **METADATA_FIELDS})
    return values, [*found, *form_conflicts(given)]
