"""The graph: entities (their fields, columns and rendering) and edges (their joins, orders and limits).

Loaders and plans are derived from these declarations.
"""

from typing import Any

from sqlalchemy import Table

from app.db import tables
from app.db.declarations import Entity, SortKey, ToMany, ToOne, embedded, entity
from app.db.rows import (
    BillingDocumentLineRow,
    BillingDocumentRow,
    BillingTransitionRow,
    ChangeRow,
    CompanyRow,
    ContactRow,
    CustomerGroupRow,
    CustomerRow,
    DepartmentRow,
    FieldChangeRow,
    LedgerAccountRow,
    SubscriptionPeriodRow,
    SubscriptionRow,
)
from app.domain.identity import Scope

_customers, _groups, _accounts = tables.customers, tables.customer_groups, tables.ledger_accounts
_documents, _lines = tables.billing_documents, tables.billing_document_lines
_periods = tables.subscription_periods

company = entity("Company", tables.companies, CompanyRow)
customer_group = entity(
    "CustomerGroup",
    _groups,
    CustomerGroupRow,
    more_keys=("number",),
    account_number=(_accounts.c.number, "account_id"),
    account_name=(_accounts.c.name, "account_id"),
)
customer = entity(
    "Customer",
    _customers,
    CustomerRow,
    more_keys=("customer_number", "external_system_id"),
    customer_group_number=(_groups.c.number, "customer_group_id"),
    customer_group_name=(_groups.c.name, "customer_group_id"),
)
contact = entity("Contact", tables.contacts, ContactRow)
department = entity("Department", tables.departments, DepartmentRow)
subscription = entity("CustomerSubscription", tables.subscriptions, SubscriptionRow)
subscription_period = entity("SubscriptionPeriod", _periods, SubscriptionPeriodRow)
field_change = embedded("FieldChange", tables.history.c.changes, FieldChangeRow)
change = entity("Change", tables.history, ChangeRow, changes=field_change)
billing_transition = entity("BillingTransition", tables.billing_transitions, BillingTransitionRow)
billing_document = entity("BillingDocument", _documents, BillingDocumentRow)
billing_document_line = entity(
    "BillingDocumentLine", _lines, BillingDocumentLineRow, period_start=_lines.c.starts_on, period_end=_lines.c.ends_on
)

ledger_account = entity("LedgerAccount", _accounts, LedgerAccountRow, more_keys=("number",), scope=Scope.ACCOUNTS_READ)

_declared: list[object] = [*globals().values()]
_entities: list[Entity[Any]] = [value for value in _declared if isinstance(value, Entity)]

NODES = tuple(entity for entity in _entities if entity.keys)
"""Entities that can be found by id. Ids are unique across them; if two entities shared one, the first would win."""


def _named(table: Table) -> tuple[SortKey, ...]:
    """Return the order of members: the default first, then by name in the database's alphabet, ties by id."""
    return (SortKey(table.c.is_not_default), SortKey(table.c.name_key), SortKey(table.c.id))


def _history(source: Entity[Any]) -> ToMany[ChangeRow]:
    """Return the edge to an object's changes, the newest first."""
    order = (SortKey(tables.history.c.version, descending=True),)
    return ToMany("history", source, change, tables.history.c.subject_id, order)


CUSTOMERS_BY_NUMBER = (SortKey(_customers.c.number_key), SortKey(_customers.c.id))

parent = ToOne("parent", customer, "parent_customer_id", customer)
group = ToOne("group", customer, "customer_group_id", customer_group)
group_account = ToOne("account", customer_group, "account_id", ledger_account)
children = ToMany("children", customer, customer, _customers.c.parent_customer_id, CUSTOMERS_BY_NUMBER)
group_customers = ToMany("customers", customer_group, customer, _customers.c.customer_group_id, CUSTOMERS_BY_NUMBER)
contacts = ToMany(
    "contacts",
    customer,
    contact,
    tables.contacts.c.customer_id,
    _named(tables.contacts),
)
departments = ToMany(
    "departments",
    customer,
    department,
    tables.departments.c.customer_id,
    _named(tables.departments),
)
subscriptions = ToMany(
    "subscriptions",
    customer,
    subscription,
    tables.subscriptions.c.customer_id,
    (SortKey(tables.subscriptions.c.started_on), SortKey(tables.subscriptions.c.id)),
)

subscription_periods = ToMany(
    "periods",
    subscription,
    subscription_period,
    _periods.c.subscription_id,
    (SortKey(_periods.c.sequence, descending=True),),
)
period_payer = ToOne("payer", subscription_period, "payer_customer_id", customer)
period_subscription = ToOne("subscription", subscription_period, "subscription_id", subscription)
customer_history = _history(customer)
contact_history = _history(contact)
department_history = _history(department)
group_history = _history(customer_group)
subscription_history = _history(subscription)
contact_customer = ToOne("customer", contact, "customer_id", customer)
department_customer = ToOne("customer", department, "customer_id", customer)
subscription_customer = ToOne("customer", subscription, "customer_id", customer)
customer_documents = ToMany(
    "billing_documents",
    customer,
    billing_document,
    _documents.c.customer_id,
    (SortKey(_documents.c.issued_on, descending=True), SortKey(_documents.c.id, descending=True)),
)
transition_documents = ToMany(
    "documents", billing_transition, billing_document, _documents.c.transition_id, (SortKey(_documents.c.id),)
)
transition_periods = ToMany(
    "periods", billing_transition, subscription_period, _periods.c.transition_id, (SortKey(_periods.c.id),)
)
transition_customer = ToOne("customer", billing_transition, "customer_id", customer)
document_customer = ToOne("customer", billing_document, "customer_id", customer)
document_payer = ToOne("payer", billing_document, "payer_customer_id", customer)
document_transition = ToOne("transition", billing_document, "transition_id", billing_transition)
document_lines = ToMany(
    "lines", billing_document, billing_document_line, _lines.c.document_id, (SortKey(_lines.c.line_number),)
)
line_subscription = ToOne("subscription", billing_document_line, "subscription_id", subscription)
