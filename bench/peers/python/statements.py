"""The SQL of the peers that execute field by field: one statement per edge and level, lists bounded per parent."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.tables import companies, contacts, customer_groups, customer_metadata, customers, departments
from app.domain.metadata import pair_digest

_COMPANY = bindparam("company", type_=Uuid())
_KEYS = bindparam("keys", type_=ARRAY(Uuid()))
_LIMIT = bindparam("limit", type_=Integer())
_BY_NUMBER = (customers.c.number_key, customers.c.id)


def _customer() -> Select[Any]:
    group = (customer_groups.c.company_id == customers.c.company_id) & (
        customer_groups.c.id == customers.c.customer_group_id
    )
    number, name = customer_groups.c.number, customer_groups.c.name
    query = select(customers, number.label("customer_group_number"), name.label("customer_group_name"))
    return query.join(customer_groups, group).where(customers.c.company_id == _COMPANY)


def _first_of_each(query: Select[Any], key: ColumnElement[Any], *order: ColumnElement[Any]) -> Select[Any]:
    """The first rows for each key, in their order."""
    place = func.row_number().over(partition_by=key, order_by=order).label("place")
    ranked = query.add_columns(key.label("source_id"), place).where(key == any_(_KEYS)).subquery()
    return select(ranked).where(ranked.c.place <= _LIMIT).order_by(ranked.c.source_id, ranked.c.place)


def _of_customer(table: Table) -> Select[Any]:
    query = select(table).where(table.c.company_id == _COMPANY)
    return _first_of_each(query, table.c.customer_id, table.c.is_not_default, table.c.name_key, table.c.id)


TELL_COMPANY = text("SELECT set_config('app.company_id', :told, true)")
"""What row-level security narrows by, until the transaction ends."""
COMPANY = select(companies.c.id, companies.c.name).where(companies.c.id == _COMPANY)
CUSTOMERS_BY_ID = _customer().where(customers.c.id == any_(_KEYS))
GROUPS_BY_ID = select(customer_groups).where(
    customer_groups.c.company_id == _COMPANY, customer_groups.c.id == any_(_KEYS)
)
CHILDREN = _first_of_each(_customer(), customers.c.parent_customer_id, *_BY_NUMBER)
CONTACTS = _of_customer(contacts)
DEPARTMENTS = _of_customer(departments)
_AFTER = tuple_(bindparam("number_key", type_=Text()), bindparam("after_id", type_=Uuid()))
PAGE = _customer().where(tuple_(*_BY_NUMBER) > _AFTER).order_by(*_BY_NUMBER).limit(_LIMIT)
"""Customers after a place in the order of their numbers."""


def with_metadata(query: Select[Any], pairs: Mapping[str, Any], *, by_index: bool) -> Select[Any]:
    """Only customers whose metadata has all of these pairs."""
    if by_index:
        return query.where(customers.c.metadata.contains(pairs))
    for key, value in pairs.items():
        entry = customer_metadata.alias()
        found = select(literal(1)).where(
            entry.c.company_id == customers.c.company_id,
            entry.c.pair == pair_digest(key, value),
            entry.c.number_key == customers.c.number_key,
            entry.c.customer_id == customers.c.id,
        )
        query = query.where(found.exists())
    return query
