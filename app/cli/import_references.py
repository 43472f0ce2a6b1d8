"""The parents and groups that rows of customers name by key, where the use case takes ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast
from uuid import UUID

from app.db.unit_of_work import UnitOfWork
from app.domain.customer_keys import CUSTOMER, CustomerKey
from app.domain.errors import ErrorCode, Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS, key_text
from app.domain.inputs import Field, read_input
from app.domain.texts import shown
from app.services.customer_references import ReferencedIds, find_references
from app.services.customers.upsert_rows import UpsertRow

_FIELDS: Mapping[str, Field] = {
    "parent": Field(CUSTOMER.read),
    "customer_group_number": Field(key_text(MOST_NUMBER_CHARACTERS), clearable=False),
}
REFERENCES = tuple(_FIELDS)
"""The attributes of what rows name by key."""
_IDS = {"parent": "parent_customer_id", "customer_group_number": "customer_group_id"}


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A row of a file."""

    row: UpsertRow
    named: Mapping[str, object] = field(default_factory=dict[str, object])
    """What was sent of REFERENCES, by attribute."""

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields that the use case takes, by attribute."""
        return self.row.fields

    @property
    def parent(self) -> CustomerKey | None:
        """The key of its parent; None if it names none or the key is invalid."""
        return cast("CustomerKey | None", _read(self).values.get("parent"))


class ResolvedCustomer(NamedTuple):
    """A row with the ids of what it names, and the problems of the keys that nothing has."""

    line: CustomerLine
    problems: Sequence[Problem] = ()


class _Read(NamedTuple):
    values: Mapping[str, object]
    problems: list[Problem]


def _read(line: CustomerLine) -> _Read:
    named = dict(line.named)
    parent = named.get("parent")
    if isinstance(parent, Mapping) and not any(
        value is not None for value in cast("Mapping[str, object]", parent).values()
    ):
        # In CSV, a parent is removed by "null" in the column of any of its keys.
        named["parent"] = None
    return _Read(*read_input(named, _FIELDS))


async def resolve(unit_of_work: UnitOfWork, lines: Sequence[CustomerLine]) -> Sequence[ResolvedCustomer]:
    """Return the rows with the ids of what they name."""
    read = [_read(line) for line in lines]
    parents = {key for values, _ in read if isinstance(key := values.get("parent"), CustomerKey)}
    groups = {number for values, _ in read if isinstance(number := values.get("customer_group_number"), str)}
    found = await find_references(unit_of_work, parents, groups)
    return [_resolved(line, its, found) for line, its in zip(lines, read, strict=True)]


def _resolved(line: CustomerLine, read: _Read, found: ReferencedIds) -> ResolvedCustomer:
    problems = [*read.problems, *_conflicts(line)]
    ids: dict[str, object] = {}
    for name, value in read.values.items():
        id_ = _id_of(value, found)
        if value is not None and id_ is None:
            problems.append(_missing(value))
        else:
            ids[_IDS[name]] = id_
    return ResolvedCustomer(replace(line, row=replace(line.row, fields={**line.row.fields, **ids})), problems)


def _id_of(value: object, found: ReferencedIds) -> UUID | None:
    if isinstance(value, CustomerKey):
        return value.value if isinstance(value.value, UUID) else found.customers.get(value)
    return found.groups.get(value) if isinstance(value, str) else None


def _missing(value: object) -> Problem:
    if isinstance(value, CustomerKey):
        message = f"must be the key of a customer of the company, not {shown(str(value.value))}."
        return Problem(ErrorCode.PARENT_CUSTOMER_NOT_FOUND, ("parent", value.attribute), message)
    message = f"must be the number of a customer group of the company, not {shown(str(value))}."
    return Problem(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("customer_group_number",), message)


def _conflicts(line: CustomerLine) -> list[Problem]:
    """Return a problem for each object that a row names by id and by another key."""
    noun = {"parent": ("parentCustomerId", "a parent"), "customer_group_number": ("customerGroupId", "a group")}
    return [
        Problem(
            ErrorCode.FIELD_CONFLICT,
            (name,),
            f"must be left out beside {noun[name][0]}: {noun[name][1]} is named by one key.",
        )
        for name in line.named
        if _IDS[name] in line.row.fields
    ]
