"""An input for every mutation of the schema, and the rows that it is about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from graphql import GraphQLObjectType

from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.graphql.schema import executable, schema
from tests.support.records import Records


@dataclass(frozen=True, slots=True)
class Ids:
    """What a company has that mutations are about."""

    account: str
    group: str
    unused_group: str
    customer: str
    other_customer: str
    contact: str
    other_contact: str
    department: str
    other_department: str
    subscription: str
    endpoint: str
    cursor: str
    """The beginning of its feed."""


async def ids_of(records: Records) -> Ids:
    account = await records.account()
    customer = await records.customer()
    made: tuple[UUID, ...] = (
        account,
        await records.group(account_id=account),
        await records.group(account_id=account),
        customer,
        await records.customer(),
        await records.contact(customer, is_default_for_customer=True),
        await records.contact(customer),
        await records.department(customer, is_default=True),
        await records.department(customer),
        await records.subscription(customer),
        # A position that a replay changes.
        await records.webhook_endpoint(position=1),
    )
    return Ids(*map(str, [*made, feed_cursors.encode(records.company_id, 0)]))


@dataclass(frozen=True, slots=True)
class Row:
    """A mutation of the table."""

    input: Callable[[Ids], dict[str, Any]]
    """What works for someone of the company of these ids who may write."""
    payload: str
    """The payload's object with a field of its own."""
    relation: str
    """The payload's object with something that needs the other scope; empty where it has none."""
    foreign: dict[str, str] = field(default_factory=dict[str, str])
    """The paths in the input that hold ids, and how another company's is refused."""
    reads: Scope = Scope.CUSTOMERS_READ
    writes: Scope = Scope.CUSTOMERS_WRITE
    also: tuple[Scope, ...] = ()
    """Scopes that the mutation needs beside the one to write."""


CUSTOMER = ("customer { id }", "customer { group { id } }")


CONTACT = ("contact { id }", "customer { id }")


DEPARTMENT = ("department { id }", "customer { id }")


def _webhook(given: Callable[[Ids], dict[str, Any]], *also: Scope, **foreign: str) -> Row:
    """A row of a mutation of webhook endpoints."""
    return Row(
        given,
        "webhookEndpoint { id }",
        "webhookEndpoint { deliveries { totalCount } }",
        foreign,
        Scope.WEBHOOKS_READ,
        Scope.WEBHOOKS_WRITE,
        also,
    )


ENDPOINT_ID = {"id": "WEBHOOK_ENDPOINT_NOT_FOUND"}


GROUP = ("customerGroup { id }", "customerGroup { customers { totalCount } }")


TABLE = {
    "createCustomer": Row(
        lambda ids: {
            "name": "New",
            "vatZone": "DOMESTIC",
            "customerGroupId": ids.group,
            "countryCode": "DK",
            "defaultCurrency": "DKK",
            "parentCustomerId": ids.customer,
        },
        *CUSTOMER,
        {"customerGroupId": "CUSTOMER_GROUP_NOT_FOUND", "parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND"},
    ),
    "updateCustomer": Row(
        lambda ids: {
            "id": ids.customer,
            "customerGroupId": ids.group,
            "parentCustomerId": ids.other_customer,
            "subscriptionTransitions": [{"subscriptionId": ids.subscription}],
        },
        *CUSTOMER,
        {
            "id": "CUSTOMER_NOT_FOUND",
            "customerGroupId": "CUSTOMER_GROUP_NOT_FOUND",
            "parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND",
        },
    ),
    "upsertCustomers": Row(
        lambda ids: {
            "matchBy": "CUSTOMER_NUMBER",
            "rows": [
                {
                    "customerNumber": "New",
                    "name": "New",
                    "vatZone": "DOMESTIC",
                    "customerGroupId": ids.group,
                    "countryCode": "DK",
                    "defaultCurrency": "DKK",
                    "parentCustomerId": ids.customer,
                }
            ],
        },
        "results { customer { id } }",
        "results { customer { group { id } } }",
        {
            "rows.0.customerGroupId": "CUSTOMER_GROUP_NOT_FOUND",
            "rows.0.parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND",
        },
    ),
    "createContact": Row(
        lambda ids: {"customerId": ids.customer, "name": "New"}, *CONTACT, {"customerId": "CUSTOMER_NOT_FOUND"}
    ),
    "updateContact": Row(lambda ids: {"id": ids.contact, "name": "New"}, *CONTACT, {"id": "CONTACT_NOT_FOUND"}),
    "deleteContact": Row(
        lambda ids: {"id": ids.contact, "newDefaultId": ids.other_contact},
        *CONTACT,
        {"id": "CONTACT_NOT_FOUND", "newDefaultId": "CONTACT_NOT_FOUND"},
    ),
    "createDepartment": Row(
        lambda ids: {"customerId": ids.customer, "name": "New"}, *DEPARTMENT, {"customerId": "CUSTOMER_NOT_FOUND"}
    ),
    "updateDepartment": Row(
        lambda ids: {"id": ids.department, "name": "New"}, *DEPARTMENT, {"id": "DEPARTMENT_NOT_FOUND"}
    ),
    "deleteDepartment": Row(
        lambda ids: {"id": ids.department, "newDefaultId": ids.other_department},
        *DEPARTMENT,
        {"id": "DEPARTMENT_NOT_FOUND", "newDefaultId": "DEPARTMENT_NOT_FOUND"},
    ),
    "createCustomerGroup": Row(
        lambda ids: {"number": "New", "name": "New", "accountId": ids.account},
        *GROUP,
        {"accountId": "LEDGER_ACCOUNT_NOT_FOUND"},
    ),
    "updateCustomerGroup": Row(
        lambda ids: {"id": ids.group, "name": "New", "accountId": ids.account},
        *GROUP,
        {"id": "CUSTOMER_GROUP_NOT_FOUND", "accountId": "LEDGER_ACCOUNT_NOT_FOUND"},
    ),
    "deleteCustomerGroup": Row(lambda ids: {"id": ids.unused_group}, *GROUP, {"id": "CUSTOMER_GROUP_NOT_FOUND"}),
    "upsertContacts": Row(
        lambda ids: {
            "matchBy": "NAME",
            "rows": [{"customer": {"id": ids.customer}, "name": "New"}, {"id": ids.contact, "phone": "1"}],
        },
        "results { contact { id } }",
        "results { contact { customer { id } } }",
        {"rows.0.customer.id": "CUSTOMER_NOT_FOUND", "rows.1.id": "CONTACT_NOT_FOUND"},
    ),
    "upsertDepartments": Row(
        lambda ids: {"rows": [{"customer": {"id": ids.customer}, "name": "New"}, {"id": ids.department, "city": "X"}]},
        "results { department { id } }",
        "results { department { customer { id } } }",
        {"rows.0.customer.id": "CUSTOMER_NOT_FOUND", "rows.1.id": "DEPARTMENT_NOT_FOUND"},
    ),
    "upsertCustomerGroups": Row(
        lambda ids: {
            "rows": [
                {"number": "New", "name": "New", "accountId": ids.account},
                {"id": ids.group, "name": "Renamed"},
            ]
        },
        "results { customerGroup { id } }",
        "results { customerGroup { customers { totalCount } } }",
        {"rows.0.accountId": "LEDGER_ACCOUNT_NOT_FOUND", "rows.1.id": "CUSTOMER_GROUP_NOT_FOUND"},
    ),
    "upsertLedgerAccounts": Row(
        lambda _: {"rows": [{"number": "New", "name": "New"}]},
        "results { ledgerAccount { id } }",
        "",
        reads=Scope.ACCOUNTS_READ,
        writes=Scope.ACCOUNTS_WRITE,
    ),
    "upsertSubscriptions": Row(
        lambda ids: {
            "rows": [
                {
                    "externalSystemId": "New",
                    "customer": {"id": ids.customer},
                    "name": "New",
                    "status": "ACTIVE",
                    "currency": "DKK",
                    "netAmount": "300.00",
                    "anchorDay": 1,
                    "startedOn": "2026-06-01",
                    "currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00"},
                },
                {"id": ids.subscription, "name": "Renamed"},
            ]
        },
        "results { subscription { id } }",
        "results { subscription { periods { id } } }",
        {"rows.0.customer.id": "CUSTOMER_NOT_FOUND", "rows.1.id": "SUBSCRIPTION_NOT_FOUND"},
        writes=Scope.SUBSCRIPTIONS_WRITE,
    ),
    "createWebhookEndpoint": _webhook(lambda _: {"url": "https://receiver.example/new"}, Scope.CUSTOMERS_READ),
    "updateWebhookEndpoint": _webhook(
        lambda ids: {"id": ids.endpoint, "url": "https://receiver.example/new"}, Scope.CUSTOMERS_READ, **ENDPOINT_ID
    ),
    "rotateWebhookSecret": _webhook(lambda ids: {"id": ids.endpoint}, **ENDPOINT_ID),
    "testWebhookEndpoint": _webhook(lambda ids: {"id": ids.endpoint}, **ENDPOINT_ID),
    "replayWebhookEndpoint": _webhook(
        lambda ids: {"id": ids.endpoint, "after": ids.cursor}, **ENDPOINT_ID, after="INVALID_CURSOR"
    ),
    "deleteWebhookEndpoint": _webhook(lambda ids: {"id": ids.endpoint}, **ENDPOINT_ID),
}


TOLD = [name for name, row in TABLE.items() if row.reads is not Scope.WEBHOOKS_READ]
"""The mutations of billing data, which events tell; webhook endpoints are settings."""


MUTATIONS = cast("GraphQLObjectType", executable(schema).type_map["Mutation"]).fields


def document(name: str, selection: str) -> str:
    input_type = MUTATIONS[name].args["input"].type
    return f"mutation($input: {input_type}) {{ {name}(input: $input) {{ {selection} errors {{ code path }} }} }}"
