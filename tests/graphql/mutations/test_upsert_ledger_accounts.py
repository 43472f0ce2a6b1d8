"""upsertLedgerAccounts: how its outcome is shown, and to whom."""

from typing import Any

import pytest

from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.records import Records

UPSERT = """
mutation($input: UpsertLedgerAccountsInput!) {
  upsertLedgerAccounts(input: $input) {
    created updated unchanged refused written replayed
    results { index outcome changedFields ledgerAccount { number name version } errors { code path httpStatus } }
    errors { __typename code path message }
  }
}
"""


async def upsert(caller: Caller, *rows: dict[str, Any], **control: Any) -> dict[str, Any]:
    return (await caller.data(UPSERT, input={"rows": list(rows), **control}))["upsertLedgerAccounts"]


def counts(payload: dict[str, Any]) -> list[int]:
    return [payload[name] for name in ("created", "updated", "unchanged", "refused")]


async def test_each_row_tells_how_it_ended(caller: Caller, records: Records) -> None:
    await records.account(number="1", name="Old")
    await records.account(number="2", name="Same")

    payload = await upsert(
        caller,
        {"number": "1", "name": "New"},
        {"number": "2"},
        {"number": "3", "name": "Three"},
        {"number": "4"},
        onRefusal="ROW_BY_ROW",
        idempotencyKey="k",
    )

    assert counts(payload) == [1, 1, 1, 1]
    assert (payload["written"], payload["replayed"], payload["errors"]) == (True, False, [])
    assert [(result["index"], result["outcome"], result["changedFields"]) for result in payload["results"]] == [
        (0, "UPDATED", ["name"]),
        (1, "UNCHANGED", []),
        (2, "CREATED", []),
        (3, "REFUSED", []),
    ]
    assert [result["ledgerAccount"] for result in payload["results"]] == [
        {"number": "1", "name": "New", "version": 2},
        {"number": "2", "name": "Same", "version": 1},
        {"number": "3", "name": "Three", "version": 1},
        None,
    ]
    assert payload["results"][3]["errors"] == [
        {"code": "FIELD_REQUIRED", "path": ["input", "rows", "3", "name"], "httpStatus": 400}
    ]
    again = await upsert(
        caller,
        {"number": "1", "name": "New"},
        {"number": "2"},
        {"number": "3", "name": "Three"},
        {"number": "4"},
        onRefusal="ROW_BY_ROW",
        idempotencyKey="k",
    )
    assert again == payload | {"replayed": True}


async def test_a_rejected_list_tells_all_errors_and_how_each_row_would_have_ended(caller: Caller) -> None:
    payload = await upsert(
        caller, {"number": "1", "name": "One"}, {"number": "1", "name": "Again"}, {"name": "x" * 256}
    )

    assert counts(payload) == [0, 0, 0, 3]
    assert payload["written"] is False
    assert [(problem["__typename"], problem["code"], problem["path"][2:]) for problem in payload["errors"]] == [
        ("InputError", "FIELD_CONFLICT", ["0", "number"]),
        ("InputError", "FIELD_CONFLICT", ["1", "number"]),
        ("LimitError", "FIELD_TOO_LONG", ["2", "name"]),
        ("InputError", "FIELD_REQUIRED", ["2", "number"]),
    ]
    assert await caller.data("{ ledgerAccounts { id } }") == {"ledgerAccounts": []}


@pytest.mark.parametrize("dry_run", [False, True])
async def test_who_writes_and_does_not_read_sees_what_this_call_wrote_and_nothing_else(
    caller: Caller, records: Records, *, dry_run: bool
) -> None:
    await records.account(number="1", name="Old")
    await records.account(number="2", name="Secret")
    caller.scopes = [Scope.ACCOUNTS_WRITE, Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE]

    rows = [{"number": "1", "name": "New"}, {"number": "2"}, {"number": "3", "name": "Three"}]
    data = await caller.data(UPSERT, input={"rows": rows, "dryRun": dry_run})

    results = data["upsertLedgerAccounts"]["results"]
    shown = [result["ledgerAccount"] and result["ledgerAccount"]["name"] for result in results]
    assert shown == ([None] * 3 if dry_run else ["New", None, "Three"])


async def test_a_rejection_shows_nothing_stored_to_who_does_not_read(caller: Caller, records: Records) -> None:
    await records.account(number="1", name="Secret")
    caller.scopes = [Scope.ACCOUNTS_WRITE, Scope.CUSTOMERS_READ]

    payload = await upsert(caller, {"number": "1", "name": "New"}, {"number": "2"})

    assert [result["ledgerAccount"] for result in payload["results"]] == [None, None]
    assert "Secret" not in str(payload)
    assert [problem["code"] for problem in payload["errors"]] == ["FIELD_REQUIRED"]


async def test_the_groups_of_a_renamed_account_show_its_new_name_at_once(caller: Caller, records: Records) -> None:
    await records.group(account_id=await records.account(number="1", name="Old"))
    await upsert(caller, {"number": "1", "name": "New"})
    assert await caller.data("{ customerGroups { accountName account { name } } }") == {
        "customerGroups": [{"accountName": "New", "account": {"name": "New"}}]
    }
