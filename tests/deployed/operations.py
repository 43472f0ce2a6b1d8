"""A first day in an empty company: every mutation and every root query, each with what those before it have made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.deployed.client import Client

_PLACE = re.compile(r"\$(\w+)$")


@dataclass(frozen=True, slots=True)
class Operation:
    """A document of one root field; its variables may name, as `$group`, the id of what an earlier operation made, and
    as `$start` the cursor of the feed from before all operations."""

    document: str
    variables: Mapping[str, Any]
    makes: str | None = None
    """The name of the object that it makes, where one is made."""


def _writes(field: str, shown: str, makes: str | None = None, **values: Any) -> Operation:
    selection = f"{shown} {{ id }}" if shown else ""
    kind = f"{field[0].upper()}{field[1:]}Input"
    document = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} replayed errors {{ code message path }} }} }}"
    return Operation(document, {"input": values}, makes)


def _upserts(field: str, **row: Any) -> Operation:
    kind = f"{field[0].upper()}{field[1:]}Input"
    results = "results { outcome errors { code } } errors { code message path }"
    return Operation(
        f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {results} }} }}", {"input": {"rows": [row]}}
    )


_CHILD = {"id": "$child"}
_CUSTOMER = {
    "vatZone": "DOMESTIC",
    "customerGroupId": "$group",
    "countryCode": "DK",
    "defaultCurrency": "DKK",
    "metadata": {"source": "deployment"},
}
MUTATIONS = (
    Operation(
        "mutation ($input: UpsertLedgerAccountsInput!) { upsertLedgerAccounts(input: $input)"
        " { results { outcome ledgerAccount { id } errors { code } } errors { code message path } } }",
        {"input": {"rows": [{"number": "1010", "name": "Domestic sales"}]}},
        "account",
    ),
    _writes("createCustomerGroup", "customerGroup", "group", number="1", name="Everyone", accountId="$account"),
    _writes("createCustomerGroup", "customerGroup", "unused", number="2", name="Nobody", accountId="$account"),
    _writes("updateCustomerGroup", "customerGroup", id="$group", discount="2.50"),
    _writes("deleteCustomerGroup", "", id="$unused"),
    _writes("createCustomer", "customer", "parent", name="Nordlys A/S", **_CUSTOMER),
    _writes("createCustomer", "customer", "child", name="Nordlys Ærø", parentCustomerId="$parent", **_CUSTOMER),
    _writes("updateCustomer", "customer", id="$child", email="ap@nordlys.example"),
    _upserts("upsertCustomerGroups", number="3", name="Abroad", accountId="$account"),
    _upserts("upsertCustomers", externalSystemId="crm-3", name="Havn ApS", **_CUSTOMER),
    _upserts(
        "upsertSubscriptions",
        externalSystemId="fiber-1",
        customer=_CHILD,
        name="Fibernet 1000",
        status="ACTIVE",
        currency="DKK",
        netAmount="300.00",
        anchorDay=1,
        startedOn="2026-06-01",
        currentPeriod={"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00"},
    ),
    _writes("createContact", "contact", "contact", customerId="$child", name="Ada", isDefaultForCustomer=True),
    _writes("updateContact", "contact", id="$contact", phone="+45 12 34 56 78"),
    _writes("deleteContact", "", id="$contact"),
    _writes("createDepartment", "department", "department", customerId="$child", name="Lager"),
    _writes("updateDepartment", "department", id="$department", poNumber="PO-1"),
    _writes("deleteDepartment", "", id="$department"),
    _upserts("upsertContacts", customer=_CHILD, name="Grace", email="grace@nordlys.example"),
    _upserts("upsertDepartments", customer=_CHILD, name="Ledelse"),
    # Paused before there is anything to send.
    _writes("createWebhookEndpoint", "webhookEndpoint", "endpoint", url="https://receiver.invalid/events"),
    _writes("updateWebhookEndpoint", "webhookEndpoint", id="$endpoint", status="PAUSED"),
    _writes("replayWebhookEndpoint", "webhookEndpoint", id="$endpoint", after="$start"),
    _writes("rotateWebhookSecret", "webhookEndpoint", id="$endpoint"),
    _writes("testWebhookEndpoint", "webhookEndpoint", id="$endpoint"),
    _writes("createWebhookEndpoint", "webhookEndpoint", "unused_endpoint", url="https://receiver.invalid/unused"),
    _writes("deleteWebhookEndpoint", "", id="$unused_endpoint"),
)
QUERIES = (
    Operation("query { viewer { subject company { name baseCurrency timeZone } scopes expiresAt } }", {}),
    Operation(
        "query ($id: ID!) { customer(by: { id: $id }) { name group { name } parent { name } contacts { name }"
        " departments { name } subscriptions { name history { nodes { operation } } }"
        " history { nodes { operation actor } } } }",
        {"id": "$child"},
    ),
    Operation("query { customers(first: 10) { totalCount nodes { name children(first: 5) { nodes { name } } } } }", {}),
    Operation('query { customers(where: { search: "nordlys" }) { nodes { name } } }', {}),
    Operation('query { customerGroup(by: { number: "1" }) { name customers { totalCount } } }', {}),
    Operation("query { customerGroups { number name accountNumber } }", {}),
    Operation("query { customerGroupsConnection(first: 2) { totalCount nodes { number name } } }", {}),
    Operation("query { ledgerAccounts { number name } }", {}),
    Operation("query { ledgerAccountsConnection(first: 2) { totalCount nodes { number name } } }", {}),
    Operation("query { feedCursor }", {}),
    Operation(
        "query ($after: String!) { changes(after: $after) { events { type subject { id } } endCursor } }",
        {"after": "$start"},
    ),
    Operation("query { webhookEndpoints { url status pausedReason deliveries(first: 2) { nodes { outcome } } } }", {}),
    Operation("query ($id: ID!) { node(id: $id) { id __typename } }", {"id": "$parent"}),
    Operation("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", {"ids": ["$child", "$group"]}),
    Operation(
        "query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on Customer { name } } }",
        {"refs": [{"__typename": "Customer", "id": "$child"}]},
    ),
    Operation("query { _service { sdl } }", {}),
    Operation(
        "query ($input: UpdateCustomerInput!) { billingTransitionPreview(input: $input) { errors { code } digest } }",
        {"input": {"id": "$child", "billingRelationship": "PARENT_PAYS"}},
    ),
)


def filled(operation: Operation, made: Mapping[str, str]) -> dict[str, Any]:
    """An operation's variables with the ids of what was made."""
    return _filled(operation.variables, made)


def make_everything(client: Client) -> dict[str, str]:
    """Run all mutations in their order; the ids of what they made, by name, and the cursor from before."""
    made: dict[str, str] = {"start": client.data("{ feedCursor }")["feedCursor"]}
    for operation in MUTATIONS:
        data = client.data(operation.document, filled(operation, made))
        (payload,) = data.values()
        assert payload["errors"] == [], (operation.document, payload)
        assert all(not result["errors"] for result in payload.get("results", [])), payload
        if operation.makes is not None:
            made[operation.makes] = next(_ids(payload))
    return made


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] - JSON has any type
            yield from _ids(item)
    elif isinstance(value, dict):
        if "id" in value:
            yield value["id"]
        for item in value.values():  # pyright: ignore[reportUnknownVariableType] - JSON has any type
            yield from _ids(item)


def _filled(value: Any, made: Mapping[str, str]) -> Any:
    if isinstance(value, dict | Mapping):
        return {key: _filled(item, made) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - JSON has any type
    if isinstance(value, list):
        return [_filled(item, made) for item in value]  # pyright: ignore[reportUnknownVariableType] - JSON has any type
    found = _PLACE.match(value) if isinstance(value, str) else None
    return made[found[1]] if found else value
