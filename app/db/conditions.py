"""What a list may be filtered by: conditions that are values, so that equal ones filter and cache equally.

A condition is parted into its shape, which decides the SQL, and its values, which the SQL is run with: conditions of one
shape share a statement. The file is long because it is one list: a condition is found where all the others are.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine
from typing_extensions import override

from app.db.search import begins_with, has_word
from app.db.tables import customer_group_metadata, customer_metadata
from app.domain.texts import prefix_form

Bind = Callable[[Any, TypeEngine[Any]], ColumnElement[Any]]
"""Puts a value into a statement, as what the type says; `literal` does."""


_ONE = literal_column("1", Integer())


class Condition:
    """One condition on a row; conditions are values: equal ones filter equally."""

    @property
    def shape(self) -> Hashable:
        """What decides the SQL."""
        return type(self)

    @property
    def values(self) -> tuple[object, ...]:
        """What the SQL is run with, in the order in which `sql` binds it."""
        return ()

    @property
    def finds_in_order(self) -> bool:
        """Whether an index finds what meets it in the order of customer numbers, whatever the value: one plan suits all."""
        return False

    @property
    def narrowed_column(self) -> str | None:
        """The column in whose order the rows that can meet it lie together, as names with one prefix do."""
        return None

    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        """The condition on a row of the table that the condition is about."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Equals(Condition):
    """A column has a value; None means that it is unset."""

    column: str
    value: str | bool | UUID | None

    @property
    @override
    def shape(self) -> Hashable:
        return Equals, self.column, self.value is None

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return () if self.value is None else (self.value,)

    @property
    @override
    def finds_in_order(self) -> bool:
        # Each has an index that goes on with the number; of what is unset there may be little or nearly all.
        return self.value is not None

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        column = row.c[self.column]
        return column.is_(None) if self.value is None else column == bind(self.value, column.type)


@dataclass(frozen=True, slots=True)
class HasId(Condition):
    """The id is one of these; none of them matches nothing."""

    ids: tuple[UUID, ...]

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (list(self.ids),)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return row.c.id == any_(bind(list(self.ids), ARRAY(Uuid())))


@dataclass(frozen=True, slots=True)
class IsOneOf(Condition):
    """A column of text has one of these values; none of them matches nothing."""

    column: str
    among: tuple[str, ...]

    @property
    @override
    def shape(self) -> Hashable:
        return IsOneOf, self.column

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (list(self.among),)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return row.c[self.column] == any_(bind(list(self.among), ARRAY(Text())))


@dataclass(frozen=True, slots=True)
class HasParent(Condition):
    """The customer is a child, or is not."""

    value: bool

    @property
    @override
    def shape(self) -> Hashable:
        return HasParent, self.value

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        column = row.c.parent_customer_id
        return column.is_not(None) if self.value else column.is_(None)


@dataclass(frozen=True, slots=True)
class _HasPair(Condition):
    """The metadata holds a pair, named by its digest."""

    pair: bytes

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (self.pair,)


@dataclass(frozen=True, slots=True)
class HasMetadata(_HasPair):
    """The customer's metadata holds a pair."""

    @property
    @override
    def finds_in_order(self) -> bool:
        return True

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        entry = customer_metadata.alias()
        return (
            select(_ONE)
            .where(
                entry.c.company_id == row.c.company_id,
                entry.c.pair == bind(self.pair, entry.c.pair.type),
                entry.c.number_key == row.c.number_key,
                entry.c.customer_id == row.c.id,
            )
            .exists()
        )


@dataclass(frozen=True, slots=True)
class GroupHasMetadata(_HasPair):
    """The customer group's metadata holds a pair."""

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        entry = customer_group_metadata.alias()
        return (
            select(_ONE)
            .where(
                entry.c.company_id == row.c.company_id,
                entry.c.pair == bind(self.pair, entry.c.pair.type),
                entry.c.customer_group_id == row.c.id,
            )
            .exists()
        )


@dataclass(frozen=True, slots=True)
class NameBeginsWith(Condition):
    """The name begins with a text, both in the form that texts are compared by."""

    prefix: str

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (prefix_form(self.prefix),)

    @property
    @override
    def narrowed_column(self) -> str | None:
        return "name_key"

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return begins_with(row.c.name_prefix, bind(prefix_form(self.prefix), Text()))


@dataclass(frozen=True, slots=True)
class HasWords(Condition):
    """Number, name, email, VAT number and external id hold words that begin with these, as `words_of` gives them."""

    words: tuple[str, ...]

    @property
    @override
    def shape(self) -> Hashable:
        return HasWords, len(self.words)

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return self.words

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return and_(*(has_word(row, bind(word, Text())) for word in self.words))


@dataclass(frozen=True, slots=True)
class _Several(Condition):
    """Some conditions together."""

    conditions: tuple[Condition, ...]

    @property
    @override
    def shape(self) -> Hashable:
        return type(self), *(condition.shape for condition in self.conditions)

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return tuple(chain.from_iterable(condition.values for condition in self.conditions))


@dataclass(frozen=True, slots=True)
class AllOf(_Several):
    """All of the conditions hold."""

    @property
    @override
    def finds_in_order(self) -> bool:
        return len(self.conditions) == 1 and self.conditions[0].finds_in_order

    @property
    @override
    def narrowed_column(self) -> str | None:
        return next(filter(None, (condition.narrowed_column for condition in self.conditions)), None)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return and_(true(), *(condition.sql(row, bind) for condition in self.conditions))


@dataclass(frozen=True, slots=True)
class AnyOf(_Several):
    """At least one of the conditions holds; of none, none does."""

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return or_(false(), *(condition.sql(row, bind) for condition in self.conditions))


@dataclass(frozen=True, slots=True)
class Negation(Condition):
    """The condition does not hold; an unset value fulfills no equality, so it fulfills its negation."""

    condition: Condition

    @property
    @override
    def shape(self) -> Hashable:
        return Negation, self.condition.shape

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return self.condition.values

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return not_(func.coalesce(self.condition.sql(row, bind), false()))
