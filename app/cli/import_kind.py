"""Kinds of rows that can be imported: their columns, their key, and the use case that writes them."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from app.cli.import_rows import Columns, RowT
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Problem
from app.domain.fields import schema_name
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey, MatchKey, RejectionPolicy
from app.services.lists.commands import ListCommand
from app.services.lists.results import ListOutcome, RowResult

LineT = TypeVar("LineT", covariant=True)
UpsertRows = Callable[[UnitOfWork, str, Any, str | None], Awaitable[tuple[ListOutcome, bool]]]
_ACTOR = "customer-gateway import"
"""The actor in the history and in events."""
CUSTOMER_KEY_FIELDS = ("customer_number", "external_system_id", "id")
"""The attributes of an object that names a customer by one of them."""
CUSTOMER_NUMBERS = frozenset({"customer.customerNumber", "customer.externalSystemId"})
"""The columns of such objects that may consist of digits."""


class RowKey(NamedTuple):
    """A value that only one row of a file may have."""

    field: str
    value: Hashable
    """In the form in which it is compared."""
    repeated: str = "is also the key of {lines}: keep one row for each key."
    """The message if other lines have the value, too."""


class Resolved(Protocol, Generic[LineT]):
    """A row with the ids of what it names by key."""

    @property
    def line(self) -> LineT:
        """The row."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """The problems of keys that nothing has."""
        ...


@dataclass(frozen=True, slots=True)
class Parents(Generic[RowT]):
    """How rows name others of the same file, which must be stored first."""

    names: Callable[[RowT], Sequence[RowKey]]
    """Returns the keys by which other rows may name a row."""
    parent: Callable[[RowT], RowKey | None]
    """Returns the key of a row's parent, if it names one."""
    field: str
    """The field that names the parent."""
    resolve: Callable[[UnitOfWork, Sequence[RowT]], Awaitable[Sequence[Resolved[RowT]]]]
    """Returns rows with the ids of what they name, once the rows before them are stored."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[RowT]):
    """One kind of rows that can be imported."""

    columns: Columns[RowT]
    key: str
    """The field that identifies the object of a row."""
    keys: Callable[[RowT], Sequence[RowKey]]
    """Returns the keys of a row, and what else two rows of a file may not share."""
    problems: Callable[[RowT], Sequence[Problem]]
    """Returns the problems of a row that don't depend on stored data."""
    command: Callable[[tuple[RowT, ...], RejectionPolicy], ListCommand[Any]]
    """Returns the command that writes one batch."""
    upsert: UpsertRows
    """The use case of the command."""
    other_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other fields that may identify the object of a row, with the option that selects each."""
    owner: str | None = None
    """The field with the customer in which the key is unique; None for a key that is unique in the company."""
    parents: Parents[RowT] | None = None
    """None if no row names another one of its file."""
    has_ids: bool = False
    """Whether a row may have an `id`, which then identifies its object."""

    async def carry_out(
        self, unit_of_work: UnitOfWork, rows: Sequence[RowT], policy: RejectionPolicy
    ) -> Sequence[RowResult]:
        """Write one batch in one transaction; return the results of its rows. Raise Rejected if the whole batch is."""
        outcome, _ = await self.upsert(unit_of_work, _ACTOR, self.command(tuple(rows), policy), None)
        return outcome.results

    def missing_key(self, names: Collection[str]) -> str | None:
        """Return a message if the key is not among the names of a file's fields, otherwise None."""
        if self.has_ids and "id" in names:
            return None
        if self.key not in names:
            others = [
                f" To match them by {name}, add {option}." for name, option in self.other_keys.items() if name in names
            ]
            return f"has no {self.key}, the key of {self.columns.plural}: add it to every row.{''.join(others)}"
        if self.owner is None or any(name.partition(".")[0] == self.owner for name in names):
            return None
        listed = " or ".join(f"{self.owner}.{part}" for part in self.columns.objects[self.owner])
        return f"has no {self.owner} to whom {self.columns.plural} belong: add {listed} to every row."


def given_keys(*keys: tuple[str, Hashable | None]) -> tuple[RowKey, ...]:
    """Return the keys of a row, of fields with a valid value."""
    return tuple(RowKey(name, value) for name, value in keys if value is not None)


def other_keys(match_by: MatchKey | ContactMatchKey | DepartmentMatchKey) -> dict[str, str]:
    """Return the keys that may be chosen instead of one, with the option that selects each."""
    keys = cast("Iterable[MatchKey | ContactMatchKey | DepartmentMatchKey]", type(match_by))
    return {schema_name(key.attribute): f"--match-by {key}" for key in keys if key is not match_by}
