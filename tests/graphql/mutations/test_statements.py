"""What each mutation sends to the database, in its order: no lock is taken earlier or later, and nothing is read twice.

tests/services/test_statements_of_customers.py has the many ways of a customer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.support.asking import Caller
from tests.support.every_mutation import MUTATIONS, TABLE, Ids, document, ids_of
from tests.support.records import Records
from tests.support.sent_statements import record_statements

RECORD = ["insert history", "insert outbox_events"]
CLAIM, REMEMBER, REPLAY = "insert idempotency_keys", "update idempotency_keys", "read idempotency_keys"
CUSTOMER = "lock customers by id"


def member_sequences(noun: str, table: str) -> dict[str, list[str]]:
    """Return the statements of the mutations of contacts or departments."""
    # The customer never changes, so it is read before its lock; the member is read again under it.
    locked = [f"read {table}", CUSTOMER, f"read {table}"]
    return {
        f"create{noun}": [CUSTOMER, f"insert {table}", *RECORD],
        f"update{noun}": [*locked, f"update {table}", *RECORD],
        f"delete{noun}": [*locked, f"read {table}", f"delete {table}", f"update {table}", *RECORD],
        # The rows that are named, then the number of members of each customer, which decides about defaults.
        f"upsert{noun}s": [*locked, f"read {table}", f"update {table}", f"insert {table}", *RECORD],
    }


SENT = {
    "createCustomer": [
        *("lock parents", CUSTOMER, "read customer_groups", "lock customer numbers", "read customers"),
        *("insert customers", "read customers", *RECORD),
    ],
    "updateCustomer": [
        *("lock parents", CUSTOMER, "read customer_groups"),
        *("lock subscriptions by id", "read subscriptions", "read companies"),
        *("update customers", "read customers", *RECORD, "insert billing_transitions"),
    ],
    "upsertCustomers": [
        *("lock parents", CUSTOMER, "read customer_groups", "read customers"),
        *("insert customers", "read customers", *RECORD),
    ],
    **member_sequences("Contact", "contacts"),
    **member_sequences("Department", "departments"),
    "createCustomerGroup": [
        *("read ledger_accounts", "read customer_groups"),
        *("insert customer_groups", "read customer_groups", *RECORD),
    ],
    "updateCustomerGroup": ["lock customer_groups", "update customer_groups", "read customer_groups", *RECORD],
    "deleteCustomerGroup": ["lock customer_groups", "read customers", "delete customer_groups", *RECORD],
    "upsertCustomerGroups": [
        *("lock customer_groups by id", "read ledger_accounts"),
        *("update customer_groups", "insert customer_groups", "read customer_groups", *RECORD),
    ],
    "upsertLedgerAccounts": [
        "lock ledger_accounts by id, without keys",
        *("insert ledger_accounts", "insert outbox_events"),
    ],
    "upsertSubscriptions": [
        # The customers of stored subscriptions are read before they are locked, and checked under the lock.
        *("read subscriptions", CUSTOMER, "lock subscriptions by id", "read subscriptions", "read companies"),
        *("insert subscriptions", "update subscriptions", "insert subscription_periods", "read subscriptions"),
        *RECORD,
    ],
    "createWebhookEndpoint": [
        *("lock webhook endpoints", "read webhook_endpoints", "read feed_heads", "insert webhook_endpoints"),
    ],
    "updateWebhookEndpoint": ["lock webhook_endpoints", "update webhook_endpoints"],
    "deleteWebhookEndpoint": ["lock webhook_endpoints", "delete webhook_endpoints"],
    "rotateWebhookSecret": ["lock webhook_endpoints", "update webhook_endpoints"],
    "testWebhookEndpoint": ["lock webhook_endpoints", "update webhook_endpoints"],
    "replayWebhookEndpoint": ["lock webhook_endpoints", "read feed_heads", "update webhook_endpoints"],
}
"""The statements of the inputs in every_mutation.py."""


@dataclass(frozen=True, slots=True)
class Case:
    """Another input of a mutation."""

    mutation: str
    input: Callable[[Ids], dict[str, Any]]
    sent: list[str]
    code: str | None = None
    """The code of its only problem; None if it is accepted."""


def member_cases(noun: str, default: str) -> dict[str, Case]:
    """Return cases of contacts or departments, of which one is the default."""
    attribute = noun.lower()
    table = f"{attribute}s"
    create, update, delete = f"create{noun}", f"update{noun}", f"delete{noun}"
    locked = [f"read {table}", CUSTOMER, f"read {table}"]

    def own(ids: Ids) -> dict[str, Any]:
        return {"id": getattr(ids, attribute)}

    def other(ids: Ids) -> str:
        return getattr(ids, f"other_{attribute}")

    return {
        f"{create}, the new default": Case(
            create,
            lambda ids: {"customerId": ids.customer, "name": "New", default: True},
            [CUSTOMER, f"update {table}", f"insert {table}", *RECORD],
        ),
        f"{create}, no customer": Case(
            create, lambda ids: {"customerId": ids.group, "name": "New"}, [CUSTOMER], "CUSTOMER_NOT_FOUND"
        ),
        f"{update}, no change": Case(update, lambda ids: {**own(ids), default: True}, locked),
        f"{update}, becomes the default": Case(
            update,
            lambda ids: {"id": other(ids), default: True},
            [*locked, f"update {table}", f"update {table}", *RECORD],
        ),
        f"{update}, another default": Case(
            update,
            lambda ids: {**own(ids), default: False, "newDefaultId": other(ids)},
            [*locked, f"read {table}", f"update {table}", f"update {table}", *RECORD],
        ),
        f"{update}, another version": Case(
            update,
            lambda ids: {**own(ids), "name": "New", "expectedVersion": 7},
            [*locked, "read history"],
            "VERSION_CONFLICT",
        ),
        f"{delete}, not the default": Case(
            delete, lambda ids: {"id": other(ids)}, [*locked, f"delete {table}", *RECORD]
        ),
        f"{delete}, no new default": Case(delete, own, [*locked, f"read {table}"], "DEFAULT_REQUIRED"),
    }


CASES = {
    **member_cases("Contact", "isDefaultForCustomer"),
    **member_cases("Department", "isDefault"),
    "updateCustomerGroup, another number": Case(
        "updateCustomerGroup",
        lambda ids: {"id": ids.group, "number": "New"},
        ["lock customer_groups", "read customer_groups", "update customer_groups", "read customer_groups", *RECORD],
    ),
    "updateCustomerGroup, no change": Case(
        "updateCustomerGroup", lambda ids: {"id": ids.group}, ["lock customer_groups"]
    ),
    "updateCustomerGroup, another version": Case(
        "updateCustomerGroup",
        lambda ids: {"id": ids.group, "name": "New", "expectedVersion": 7},
        ["lock customer_groups", "read history"],
        "VERSION_CONFLICT",
    ),
    "updateCustomerGroup, no account": Case(
        "updateCustomerGroup",
        lambda ids: {"id": ids.group, "accountId": ids.customer},
        ["lock customer_groups", "read ledger_accounts"],
        "LEDGER_ACCOUNT_NOT_FOUND",
    ),
}


@pytest_asyncio.fixture(loop_scope="session")
async def ids(records: Records) -> Ids:
    return await ids_of(records)


@pytest.fixture
def sent(ids: Ids, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that sessions run, in order."""
    assert ids
    return record_statements(monkeypatch)


async def codes(caller: Caller, mutation: str, given: dict[str, Any]) -> list[str]:
    """Run a mutation and return the codes of its problems."""
    payload = (await caller.data(document(mutation, TABLE[mutation].payload), input=given))[mutation]
    return [problem["code"] for problem in payload["errors"]]


def test_every_mutation_has_a_sequence() -> None:
    assert sorted(SENT) == sorted(MUTATIONS), "Add what the new mutation sends to SENT."


@pytest.mark.parametrize("mutation", SENT)
async def test_a_mutation_sends_its_statements_in_one_order(
    caller: Caller, ids: Ids, sent: list[str], mutation: str
) -> None:
    assert await codes(caller, mutation, TABLE[mutation].input(ids)) == []
    assert sent == SENT[mutation]


@pytest.mark.parametrize("mutation", SENT)
async def test_a_key_is_claimed_first_and_its_outcome_stored_last(
    caller: Caller, ids: Ids, sent: list[str], mutation: str
) -> None:
    given = TABLE[mutation].input(ids) | {"idempotencyKey": "key"}
    assert await codes(caller, mutation, given) == []
    assert sent == [CLAIM, *SENT[mutation], REMEMBER]
    sent.clear()
    assert await codes(caller, mutation, given) == []
    assert sent == [CLAIM, REPLAY]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_other_inputs_send_what_they_need(caller: Caller, ids: Ids, sent: list[str], case: Case) -> None:
    assert await codes(caller, case.mutation, case.input(ids)) == ([] if case.code is None else [case.code])
    assert sent == case.sent


async def test_accounts_are_updated_in_one_statement(caller: Caller, sent: list[str]) -> None:
    for name in ("Old", "New"):
        sent.clear()
        rows = [{"number": number, "name": name} for number in ("1", "2")]
        assert await codes(caller, "upsertLedgerAccounts", {"rows": rows}) == []
    lock, _, *rest = SENT["upsertLedgerAccounts"]
    assert sent == [lock, "update ledger_accounts", *rest]


async def test_a_group_in_use_is_locked_before_its_customers_are_read(
    caller: Caller, records: Records, sent: list[str]
) -> None:
    group = await records.group()
    await records.customer(customer_group_id=group)
    assert await codes(caller, "deleteCustomerGroup", {"id": str(group)}) == ["CUSTOMER_GROUP_IN_USE"]
    assert sent == ["lock customer_groups", "read customers"]
