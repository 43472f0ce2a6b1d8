"""What a list of customers may be filtered by: conditions that are values, so that equal ones filter and cache equally."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, any_, func, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from typing_extensions import override

from app.db.search import begins_with, has_words
from app.db.tables import customer_metadata, customers


class Condition:
    """One condition on a customer; conditions are values: equal ones filter equally."""

    def sql(self) -> ColumnElement[bool]:
        """The condition over the customers table."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Equals(Condition):
    """A column has a value; None means that it is unset."""

    column: str
    value: str | bool | UUID | None

    @override
    def sql(self) -> ColumnElement[bool]:
        column = customers.c[self.column]
        return column.is_(None) if self.value is None else column == literal(self.value, column.type)


@dataclass(frozen=True, slots=True)
class HasId(Condition):
    """The id is one of these; none of them matches nothing."""

    ids: tuple[UUID, ...]

    @override
    def sql(self) -> ColumnElement[bool]:
        return customers.c.id == any_(literal(list(self.ids), ARRAY(Uuid())))


@dataclass(frozen=True, slots=True)
class HasParent(Condition):
    """The customer is a child, or is not."""

    value: bool

    @override
    def sql(self) -> ColumnElement[bool]:
        column = customers.c.parent_customer_id
        return column.is_not(None) if self.value else column.is_(None)


@dataclass(frozen=True, slots=True)
class HasMetadata(Condition):
    """The metadata holds a pair, named by its digest."""

    pair: bytes

    @override
    def sql(self) -> ColumnElement[bool]:
        entry = customer_metadata.alias()
        return (
            select(literal(1))
            .where(
                entry.c.company_id == customers.c.company_id,
                entry.c.pair == self.pair,
                entry.c.number_key == customers.c.number_key,
                entry.c.customer_id == customers.c.id,
            )
            .exists()
        )


@dataclass(frozen=True, slots=True)
class NameBeginsWith(Condition):
    """The name begins with a text, ignoring case."""

    prefix: str

    @override
    def sql(self) -> ColumnElement[bool]:
        return begins_with(customers.c.name_prefix, self.prefix)


@dataclass(frozen=True, slots=True)
class HasWords(Condition):
    """Number, name, email, VAT number and external id hold words that begin with these."""

    words: tuple[str, ...]

    @override
    def sql(self) -> ColumnElement[bool]:
        return has_words(self.words)


@dataclass(frozen=True, slots=True)
class AllOf(Condition):
    """All of the conditions hold."""

    conditions: tuple[Condition, ...]

    @override
    def sql(self) -> ColumnElement[bool]:
        return and_(*(condition.sql() for condition in self.conditions)) if self.conditions else literal(value=True)


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    """At least one of the conditions holds; of none, none does."""

    conditions: tuple[Condition, ...]

    @override
    def sql(self) -> ColumnElement[bool]:
        return or_(*(condition.sql() for condition in self.conditions)) if self.conditions else literal(value=False)


@dataclass(frozen=True, slots=True)
class Negation(Condition):
    """The condition does not hold; an unset value fulfills no equality, so it fulfills its negation."""

    condition: Condition

    @override
    def sql(self) -> ColumnElement[bool]:
        return not_(func.coalesce(self.condition.sql(), literal(value=False)))


def narrows_names(condition: Condition | None) -> bool:
    """Whether nothing but names with a prefix can meet the condition."""
    if isinstance(condition, AllOf):
        return any(narrows_names(each) for each in condition.conditions)
    return isinstance(condition, NameBeginsWith)
