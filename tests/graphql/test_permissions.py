"""The table of scopes: which field needs which, at the root and wherever a row may come from."""

from typing import Any, cast

import pytest
import strawberry
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from app.db import batching, graph, webhooks
from app.db import customers as stored
from app.db import groups as stored_groups
from app.db.conditions import AllOf
from app.db.database import Database
from app.db.declarations import RowT, ToMany
from app.db.rows import ContactRow, CustomerGroupRow, CustomerRow, DepartmentRow, SubscriptionRow
from app.db.webhook_rows import WebhookEndpointRow
from app.domain.identity import Principal, Scope
from app.graphql import feed_cursors
from app.graphql.context import Context, Info
from app.graphql.schema import build, executable, schema
from app.graphql.types.contact import Contact
from app.graphql.types.customer import Customer
from app.graphql.types.department import Department
from app.graphql.types.group import CustomerGroup
from app.graphql.types.subscription import CustomerSubscription
from app.graphql.types.webhook_endpoint import WebhookEndpoint
from app.services.recent_lists import RecentLists
from tests.support.asking import Caller
from tests.support.records import Records

ID = '"00000000-0000-7000-8000-000000000000"'
ROOTS = {
    "customer": f"customer(by: {{id: {ID}}}) {{ id }}",
    "customers": "customers { totalCount }",
    "customerGroup": f"customerGroup(by: {{id: {ID}}}) {{ id }}",
    "customerGroups": "customerGroups { id }",
    "customerGroupsConnection": "customerGroupsConnection { totalCount }",
    "ledgerAccounts": "ledgerAccounts { id }",
    "ledgerAccountsConnection": "ledgerAccountsConnection { totalCount }",
    "webhookEndpoints": "webhookEndpoints { id }",
    "node": f"node(id: {ID}) {{ id }}",
    "nodes": f"nodes(ids: [{ID}]) {{ id }}",
    "_entities": f'_entities(representations: [{{__typename: "Customer", id: {ID}}}]) {{ __typename }}',
    "feedCursor": "feedCursor",
    "changes": 'changes(after: "START") { endCursor }',
    "billingTransitionPreview": f"billingTransitionPreview(input: {{id: {ID}}}) {{ __typename }}",
}
EDGES = {
    ("Customer", "parent"): "customer { parent { id } }",
    ("Customer", "children"): "customer { children { totalCount } }",
    ("Customer", "group"): "customer { group { id } }",
    ("Customer", "contacts"): "customer { contacts { id } }",
    ("Customer", "departments"): "customer { departments { id } }",
    ("Customer", "subscriptions"): "customer { subscriptions { id } }",
    ("Customer", "contactsConnection"): "customer { contactsConnection { totalCount } }",
    ("Customer", "departmentsConnection"): "customer { departmentsConnection { totalCount } }",
    ("Customer", "subscriptionsConnection"): "customer { subscriptionsConnection { totalCount } }",
    ("Customer", "billingDocumentsConnection"): "customer { billingDocumentsConnection { totalCount } }",
    ("Customer", "history"): "customer { history { totalCount } }",
    ("Customer", "billingDocuments"): "customer { billingDocuments { id } }",
    ("CustomerGroup", "customers"): "customerGroup { customers { totalCount } }",
    ("CustomerGroup", "account"): "customerGroup { account { id } }",
    ("CustomerGroup", "history"): "customerGroup { history { totalCount } }",
    ("Contact", "customer"): "contact { customer { id } }",
    ("Contact", "history"): "contact { history { totalCount } }",
    ("Department", "customer"): "department { customer { id } }",
    ("Department", "history"): "department { history { totalCount } }",
    ("CustomerSubscription", "customer"): "subscription { customer { id } }",
    ("CustomerSubscription", "history"): "subscription { history { totalCount } }",
    ("CustomerSubscription", "periods"): "subscription { periods { id } }",
    ("CustomerSubscription", "periodsConnection"): "subscription { periodsConnection { totalCount } }",
    ("WebhookEndpoint", "deliveries"): "webhookEndpoint { deliveries { totalCount } }",
}
NEEDED: dict[str, Scope] = {
    **dict.fromkeys(["ledgerAccounts", "ledgerAccountsConnection", "account"], Scope.ACCOUNTS_READ),
    **dict.fromkeys(["webhookEndpoints", "deliveries"], Scope.WEBHOOKS_READ),
}
"""The scope of a field that needs another than customers-read."""
NOT_ENOUGH = ["no scope", "write only", "all others"]


def scopes_without(field: str, which: str) -> tuple[Scope, ...]:
    needed = NEEDED.get(field, Scope.CUSTOMERS_READ)
    others = {
        "no scope": (),
        "write only": tuple(scope for scope in Scope if scope.endswith("-write")),
        "all others": tuple(scope for scope in Scope if scope is not needed),
    }
    return others[which]


def root_of(caller: Caller, field: str) -> str:
    return ROOTS[field].replace("START", feed_cursors.encode(caller.company_id, 0))


def rejection_of(field: str) -> dict[str, Any]:
    needed = NEEDED.get(field, Scope.CUSTOMERS_READ)
    message = f"The field requires the scope {needed}, which the credential doesn't have."
    return {"message": message, "code": "FORBIDDEN", "requiredScope": needed.value}


@strawberry.type
class Unguarded:
    """Roots that need no scope, as a mutation's payload will not: what hangs below must hold on its own."""

    @strawberry.field(graphql_type=Customer)
    @staticmethod
    async def customer(info: Info) -> CustomerRow | None:
        return await stored.find(info.context.session, AllOf(()))

    @strawberry.field(graphql_type=CustomerGroup)
    @staticmethod
    async def customer_group(info: Info) -> CustomerGroupRow:
        return (await stored_groups.first_groups(info.context.session, None, limit=1))[0]

    @strawberry.field(graphql_type=Contact)
    @staticmethod
    async def contact(info: Info) -> ContactRow:
        return await _first_of(info, graph.contacts)

    @strawberry.field(graphql_type=Department)
    @staticmethod
    async def department(info: Info) -> DepartmentRow:
        return await _first_of(info, graph.departments)

    @strawberry.field(graphql_type=CustomerSubscription)
    @staticmethod
    async def subscription(info: Info) -> SubscriptionRow:
        return await _first_of(info, graph.subscriptions)

    @strawberry.field(graphql_type=WebhookEndpoint)
    @staticmethod
    async def webhook_endpoint(info: Info) -> WebhookEndpointRow:
        return (await webhooks.all_endpoints(info.context.session))[0]


async def _first_of(info: Info, edge: ToMany[RowT]) -> RowT:
    customer = await stored.find(info.context.session, AllOf(()))
    assert customer is not None
    return (await batching.many(info.context.session, edge, [customer.id], limit=1, only=None))[customer.id][0]


OPEN = build(Unguarded)


@pytest.mark.parametrize("scopes", NOT_ENOUGH)
@pytest.mark.parametrize("field", ROOTS)
async def test_a_root_field_without_the_scope_is_rejected_and_the_scope_named(
    caller: Caller, field: str, scopes: str
) -> None:
    caller.scopes = scopes_without(field, scopes)
    assert await caller.rejection(f"{{ {root_of(caller, field)} }}") == rejection_of(field) | {"field": [field]}
    assert caller.statements == 0


@pytest.mark.parametrize("field", ROOTS)
async def test_reading_is_enough_for_a_root_field(caller: Caller, field: str) -> None:
    caller.scopes = [NEEDED.get(field, Scope.CUSTOMERS_READ)]
    assert (await caller.run(f"{{ {root_of(caller, field)} }}")).errors is None


@pytest.mark.parametrize("scopes", NOT_ENOUGH)
@pytest.mark.parametrize("edge", EDGES, ids=".".join)
async def test_an_edge_without_the_scope_is_rejected_wherever_its_row_came_from(
    database: Database, records: Records, edge: tuple[str, str], scopes: str
) -> None:
    customer = await records.customer()
    await records.contact(customer)
    await records.department(customer)
    await records.subscription(customer)
    await records.webhook_endpoint()
    principal = Principal(records.company_id, "tester", frozenset(scopes_without(edge[1], scopes)), None)
    async with Context(database, RecentLists(seconds=5, size=0), principal) as context:
        result = await OPEN.execute(f"{{ {EDGES[edge]} }}", context_value=context)
    assert [{"message": error.message, **(error.extensions or {})} for error in result.errors or ()] == [
        rejection_of(edge[1])
    ]


def test_the_tables_above_name_every_field_that_leads_to_stored_rows() -> None:
    types = executable(schema).type_map
    leading = {
        (kind, name)
        for kind in (
            *("Query", "Customer", "CustomerGroup", "Contact", "Department", "CustomerSubscription"),
            "WebhookEndpoint",
        )
        for name, field in cast("GraphQLObjectType", types[kind]).fields.items()
        if kind == "Query" or not is_leaf_type(get_named_type(field.type))
    }
    named = {("Query", name) for name in ROOTS} | set(EDGES) | {("Query", "viewer"), ("Query", "_service")}
    assert sorted(leading - named) == [], "Add a document that selects each of these fields to ROOTS or EDGES above."
    assert sorted(named - leading) == []


async def test_the_scope_is_checked_before_the_arguments(caller: Caller) -> None:
    caller.scopes = [Scope.CUSTOMERS_WRITE]
    rejection = await caller.rejection('{ customers(first: -1, after: "x") { totalCount } }')
    assert rejection["code"] == "FORBIDDEN"


async def test_a_rejected_field_leaves_the_others_standing(caller: Caller) -> None:
    caller.scopes = []
    result = await caller.run(f"{{ viewer {{ subject }} {ROOTS['customer']} }}")
    assert result.data == {"viewer": {"subject": "tester"}, "customer": None}
    assert [error.path for error in result.errors or ()] == [["customer"]]
