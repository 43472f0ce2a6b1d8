"""Filter conditions of lists. They are value objects, so that equal conditions share a cache entry.

A condition has a shape, which determines the SQL, and values, which become parameters; conditions of one shape share a
statement. The file is over 250 lines because it lists all conditions.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
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
from app.db.tables import contacts, customer_group_metadata, customer_metadata, subscriptions
from app.domain.texts import prefix_form

Bind = Callable[[Any, TypeEngine[Any]], ColumnElement[Any]]
"""Makes a value of a type part of a statement, as `literal` does."""
Within = Callable[[ColumnElement[Any], ColumnElement[Any]], list[ColumnElement[bool]]]
"""From the columns of a customer's number key and id, the conditions that restrict them to a page."""


_ONE = literal_column("1", Integer())


class Condition:
    """A condition on a row."""

    @property
    def shape(self) -> Hashable:
        """The part that determines the SQL."""
        return type(self)

    @property
    def values(self) -> tuple[object, ...]:
        """The parameters of the SQL, in the order in which `sql` binds them."""
        return ()

    @property
    def finds_in_order(self) -> bool:
        """Whether an index finds matching rows in the order of customer numbers, so that one plan suits all values."""
        return False

    @property
    def narrowed_column(self) -> str | None:
        """The column by which matching rows are adjacent when sorted, as names with a common prefix are; else None."""
        return None

    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        """Return the condition as SQL on a row of its table."""
        raise NotImplementedError

    def sql_within(self, row: FromClause, bind: Bind, within: Within) -> ColumnElement[bool]:
        """Return the same for rows that are within a page, which other tables with the same keys can be told."""
        del within
        return self.sql(row, bind)


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
        # An index on (column, number_key) exists for each. None can match a few rows or nearly all.
        return self.value is not None

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        column = row.c[self.column]
        return column.is_(None) if self.value is None else column == bind(self.value, column.type)


@dataclass(frozen=True, slots=True)
class HasId(Condition):
    """The id is one of these. An empty tuple matches nothing."""

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
    """A text column has one of these values. An empty tuple matches nothing."""

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
class InRange(Condition):
    """A time is in a half-open range; None for a bound that is not given."""

    column: str
    gte: datetime | None
    lt: datetime | None

    @property
    @override
    def shape(self) -> Hashable:
        return InRange, self.column, self.gte is None, self.lt is None

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return tuple(bound for bound in (self.gte, self.lt) if bound is not None)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        column = row.c[self.column]
        bounds = [] if self.gte is None else [column >= bind(self.gte, column.type)]
        if self.lt is not None:
            bounds.append(column < bind(self.lt, column.type))
        return and_(true(), *bounds)


@dataclass(frozen=True, slots=True)
class HasParent(Condition):
    """The customer has a parent, or has none."""

    value: bool

    @property
    @override
    def shape(self) -> Hashable:
        return HasParent, self.value

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        column = row.c.parent_customer_id
        return column.is_not(None) if self.value else column.is_(None)


class _HasEntry(Condition):
    """A side table, sorted by customer number, has an entry of the customer with a value."""

    @property
    @override
    def finds_in_order(self) -> bool:
        return True

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return self.sql_within(row, bind, lambda _number_key, _id: [])

    def _entry(
        self, column: Column[Any], row: FromClause, value: Any, bind: Bind, within: Within
    ) -> ColumnElement[bool]:
        # PostgreSQL knows that keys are equal, but doesn't conclude that the entry is after the same position: it would
        # read all entries before it.
        entry = column.table.alias()
        return (
            select(_ONE)
            .where(
                entry.c.company_id == row.c.company_id,
                entry.c[column.name] == bind(value, column.type),
                entry.c.number_key == row.c.number_key,
                entry.c.customer_id == row.c.id,
                *within(entry.c.number_key, entry.c.customer_id),
            )
            .exists()
        )


@dataclass(frozen=True, slots=True)
class _HasPair(Condition):
    """The metadata holds a pair, given by its digest."""

    pair: bytes

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (self.pair,)


@dataclass(frozen=True, slots=True)
class HasMetadata(_HasPair, _HasEntry):
    """The customer's metadata holds a pair."""

    @override
    def sql_within(self, row: FromClause, bind: Bind, within: Within) -> ColumnElement[bool]:
        return self._entry(customer_metadata.c.pair, row, self.pair, bind, within)


@dataclass(frozen=True, slots=True)
class HasSubscription(Condition):
    """The customer has a subscription of a status."""

    status: str

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (self.status,)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        subscription = subscriptions.alias()
        return (
            select(_ONE)
            .where(
                subscription.c.company_id == row.c.company_id,
                subscription.c.status == bind(self.status, subscription.c.status.type),
                subscription.c.customer_id == row.c.id,
            )
            .exists()
        )


@dataclass(frozen=True, slots=True)
class HasContact(Condition):
    """The customer has a contact with an email address, ignoring case."""

    email: str

    @property
    @override
    def values(self) -> tuple[object, ...]:
        return (prefix_form(self.email),)

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        contact = contacts.alias()
        return (
            select(_ONE)
            .where(
                contact.c.company_id == row.c.company_id,
                contact.c.email_form == bind(prefix_form(self.email), contact.c.email_form.type),
                contact.c.customer_id == row.c.id,
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
    """The name begins with a text, both in their comparison form."""

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
    """Number, name, email, VAT number and external id hold words with these prefixes, as from `words_of`."""

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
    """A combination of conditions."""

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
    """All conditions hold."""

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

    @override
    def sql_within(self, row: FromClause, bind: Bind, within: Within) -> ColumnElement[bool]:
        return and_(true(), *(condition.sql_within(row, bind, within) for condition in self.conditions))


@dataclass(frozen=True, slots=True)
class AnyOf(_Several):
    """At least one condition holds. An empty tuple matches nothing."""

    @override
    def sql(self, row: FromClause, bind: Bind = literal) -> ColumnElement[bool]:
        return or_(false(), *(condition.sql(row, bind) for condition in self.conditions))


@dataclass(frozen=True, slots=True)
class Negation(Condition):
    """The condition doesn't hold. Unset values never match an equality, so they match its negation."""

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
