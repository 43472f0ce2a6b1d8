"""What the service stores under idempotency keys, with the requests and answers that it came from: one file per
version.

The file of a new version holds what `written_by` returns (test_stored_answers.py says how it is made).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import idempotency_keys as keys
from tests.support.asking import Caller
from tests.support.every_mutation import MUTATIONS, TABLE, Ids, ids_of
from tests.support.records import Records

FOLDER = Path(__file__).parent / "stored"
CUSTOMER = """{
  id customerNumber customerType name vatZone customerGroupId customerGroupNumber customerGroupName isActive
  billingRelationship includeChildDetailsPdf email phone address city postalCode countryCode vatNumber website
  externalSystemId notes creditLimit openingBalance paymentTerms paymentTermType defaultCurrency parentCustomerId
  consolidationMode billingDay parentInvoiceTemplateId metadata version createdAt updatedAt
}"""
SUBSCRIPTION = """{
  id externalSystemId name status billingDirection currency netAmount intervalMonths anchorDay startedOn endsOn
  trialEndsOn currentPeriodStart currentPeriodEnd nextBillingDate version
}"""
CONTACT = "{ id name isDefaultForCustomer email phone version }"
DEPARTMENT = "{ id name isDefault isActive poNumber eanNumber address city postalCode countryCode version }"
GROUP = "{ id number name discount accountId accountNumber accountName metadata version }"
ENDPOINT = """{
  id url types document scopes status pausedReason pausedAt lostEvents attempts failingSince nextAttemptAt
  previousSecretUntil testRequestedAt version createdAt updatedAt
}"""
ERRORS = """errors {
  __typename code path message
  ... on LimitError { limit actual } ... on MetadataError { key }
  ... on CustomersError { customerIds } ... on SubscriptionsError { subscriptionIds }
}"""
ROW = f"index outcome changedFields {ERRORS}"
SELECTIONS = {
    "createCustomer": f"customer {CUSTOMER}",
    "updateCustomer": f"customer {CUSTOMER} changedFields",
    "upsertCustomers": f"results {{ {ROW} customer {CUSTOMER} }} created updated unchanged refused written",
    "upsertLedgerAccounts": f"results {{ {ROW} ledgerAccount {{ id number name version }} }} written",
    "upsertSubscriptions": f"results {{ {ROW} subscription {SUBSCRIPTION} }} created updated unchanged refused written",
    "upsertContacts": f"results {{ {ROW} contact {CONTACT} }} written",
    "upsertDepartments": f"results {{ {ROW} department {DEPARTMENT} }} written",
    "upsertCustomerGroups": f"results {{ {ROW} customerGroup {GROUP} }} written",
    "Contact": f"contact {CONTACT}",
    "Department": f"department {DEPARTMENT}",
    "CustomerGroup": f"customerGroup {GROUP}",
    "WebhookEndpoint": f"webhookEndpoint {ENDPOINT}",
    "WebhookSecret": f"webhookEndpoint {ENDPOINT}",
}
OF_ONE_COMPANY = {"replayWebhookEndpoint"}
"""Mutations whose inputs hold a cursor, which another company, such as that of another test, can't use."""
FULL = {
    "customerNumber": "900",
    "customerType": "PRIVATE",
    "vatZone": "EU",
    "countryCode": "DK",
    "defaultCurrency": "DKK",
    "email": "a@example.com",
    "phone": "1",
    "address": "Vej 1",
    "city": "Skagen",
    "postalCode": "9990",
    "vatNumber": "DK1",
    "website": "https://example.com",
    "externalSystemId": "full",
    "notes": "n",
    "creditLimit": "12.50",
    "openingBalance": "-3.00",
    "paymentTerms": 14,
    "paymentTermType": "NET",
    "consolidationMode": "SINGLE_INVOICE",
    "billingDay": 15,
    "includeChildDetailsPdf": True,
    "metadata": {"n": 1.5, "s": "x", "t": True, "i": 3},
}


def document(name: str) -> str:
    """The mutation with all plain fields of what it answers."""
    selection = SELECTIONS.get(name) or next(text for noun, text in SELECTIONS.items() if name.endswith(noun))
    head = f"mutation($input: {MUTATIONS[name].args['input'].type})"
    return f"{head} {{ {name}(input: $input) {{ {selection} replayed {ERRORS} }} }}"


async def requests_of(records: Records) -> list[tuple[str, dict[str, Any]]]:
    """Requests that are stored: each mutation, rows that end in every way, and updates that change nothing."""
    ids = await ids_of(records)
    await records.customer(external_system_id="kept", name="Kept", metadata={"a": 1.5, "b": True})
    await records.customer(external_system_id="taken", customer_number="77")
    await records.subscription(await records.customer(external_system_id="moves"))
    await records.account(number="2", name="Same")
    updates = ("updateContact", "updateDepartment", "updateCustomerGroup", "updateCustomer")
    inputs = {name: TABLE[name].input(ids) for name in (*updates, *TABLE) if name not in OF_ONE_COMPANY} | _inputs(ids)
    same = [
        ("updateCustomer", ids.other_customer),
        ("updateContact", ids.other_contact),
        ("updateCustomerGroup", ids.group),
    ]
    return [*inputs.items(), *((name, {"id": id_}) for name, id_ in same)]


def _inputs(ids: Ids) -> dict[str, dict[str, Any]]:
    full: dict[str, Any] = FULL | {"customerGroupId": ids.group, "name": "Fjord Å"}
    others = {"customerNumber", "externalSystemId"}
    made = {name: value for name, value in full.items() if name not in others}
    rows: list[dict[str, Any]] = [
        {"externalSystemId": "kept"},
        {"externalSystemId": "taken", "creditLimit": "7.25", "metadataSet": {"k": 1}, "metadataUnset": ["z"]},
        made | {"externalSystemId": "made", "name": "Made"},
        {"externalSystemId": "long", "name": "x" * 256, "email": "no"},
        {"externalSystemId": "odd", "metadata": {"k" * 129: 1}, "name": "N"},
        {"externalSystemId": "moves", "parentCustomerId": ids.other_customer, "subscriptionTransitions": []},
        full | {"customerNumber": "77", "externalSystemId": "made again"},
    ]
    kept = {"externalSystemId": "kept"}
    contacts: list[dict[str, Any]] = [
        {"id": ids.contact},
        {"id": ids.other_contact, "phone": None},
        {"customer": kept, "name": "Ann", "email": "ann@example.com", "isDefaultForCustomer": True},
        {"customer": kept, "name": "x" * 256, "email": "no"},
    ]
    departments: list[dict[str, Any]] = [
        {"id": ids.department},
        {"customer": {"id": ids.customer}, "name": "Depot", "eanNumber": "5790001234560", "city": "Skagen"},
        {"customer": {"customerNumber": "unknown"}, "name": "Lost"},
    ]
    groups: list[dict[str, Any]] = [
        {"id": ids.group},
        {"number": "new", "name": "New", "accountId": ids.account, "metadata": {"n": 1.5, "t": True}},
        {"number": "odd", "name": "Odd", "accountNumber": "none", "metadata": {"k" * 129: 1}},
    ]
    accounts = [{"number": "2"}, {"number": "3", "name": "Three"}, {"number": "4"}]
    period = {"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00", "billedAmount": "300.00"}
    new = {
        "customer": {"externalSystemId": "kept"},
        "name": "Fibernet",
        "status": "PENDING_CANCELLATION",
        "currency": "DKK",
        "netAmount": "300.00",
        "anchorDay": 1,
        "startedOn": "2026-01-01",
        "endsOn": "2026-08-01",
        "trialEndsOn": "2026-02-01",
        "currentPeriod": period | {"billedOn": "2026-06-01"},
        "nextBillingDate": "2026-07-01",
    }
    subscriptions: list[dict[str, Any]] = [
        new | {"externalSystemId": "made"},
        {"id": ids.subscription, "externalSystemId": "adopted", "currentPeriod": new["currentPeriod"]},
        new | {"externalSystemId": "long", "name": "x" * 256},
        new | {"externalSystemId": "odd", "status": "TRIAL"},
        new | {"externalSystemId": "adopted"},
        {"externalSystemId": "unknown", "expectedVersion": 2},
    ]
    return {
        "createCustomer": full,
        "updateCustomerGroup": {"id": ids.group, "metadata": {"a": 1.5, "b": True}, "discount": "7.50"},
        "upsertCustomers": {"onRefusal": "ROW_BY_ROW", "rows": rows},
        "upsertContacts": {"onRefusal": "ROW_BY_ROW", "rows": contacts},
        "upsertDepartments": {"onRefusal": "ROW_BY_ROW", "rows": departments},
        "upsertCustomerGroups": {"onRefusal": "ROW_BY_ROW", "rows": groups},
        "upsertLedgerAccounts": {"onRefusal": "ROW_BY_ROW", "rows": accounts},
        "upsertSubscriptions": {"onRefusal": "ROW_BY_ROW", "rows": subscriptions},
        "createWebhookEndpoint": {
            "url": "https://receiver.example/new",
            "types": ["CONTACT_DELETED", "CUSTOMER_CREATED"],
            "document": "subscription { changes { id } }",
        },
    }


async def written_by(caller: Caller, engine: AsyncEngine, records: Records) -> list[dict[str, Any]]:
    """What the service stores for these requests, and what it answered."""
    written: list[dict[str, Any]] = []
    for place, (name, given) in enumerate(await requests_of(records)):
        key = f"key-{place}"
        answer = (await caller.data(document(name), input=given | {"idempotencyKey": key}))[name]
        assert answer["errors"] == [], (name, answer)
        async with engine.connect() as connection:
            query = select(keys.c.mutation, keys.c.fingerprint, keys.c.payload)
            found = await connection.execute(query.where(keys.c.company_id == caller.company_id, keys.c.key == key))
            mutation, fingerprint, payload = found.one()
        row = {"mutation": mutation, "fingerprint": fingerprint.hex(), "payload": payload}
        written.append({"field": name, "input": given, "row": row, "answer": answer})
    return written


def stored_by(version: int) -> list[dict[str, Any]]:
    """What the releases of a version have stored."""
    return json.loads((FOLDER / f"version-{version}.json").read_text())


async def store(engine: AsyncEngine, company_id: UUID, key: str, row: Mapping[str, Any]) -> None:
    """Store a row under a key, as a release of its version did."""
    values = {**row, "fingerprint": bytes.fromhex(row["fingerprint"]), "company_id": company_id, "key": key}
    async with engine.begin() as connection:
        await connection.execute(insert(keys).values({**values, "expires_at": text("now() + interval '1 hour'")}))


def shape_of(value: Any) -> Any:
    """The names in a value and the kinds of its leaves; of a list, those of its items."""
    if isinstance(value, dict):
        return {name: shape_of(member) for name, member in sorted(cast("dict[str, Any]", value).items())}
    if isinstance(value, list):
        items = cast("Sequence[Any]", value)
        return [json.loads(shape) for shape in sorted({json.dumps(shape_of(item)) for item in items})]
    return type(value).__name__
