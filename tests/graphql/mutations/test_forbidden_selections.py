"""A mutation may run only if everything that its operation selects may be seen: however it is selected, nothing is
written otherwise."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started
from tests.support.untouched import everything_of

SWITCHES = {"$yes": "$yes: Boolean = true", "$no": "$no: Boolean = false"}
SELECTIONS = {
    "customer { group { name } }": [["customer", "group"]],
    "customer { mine: group { name } }": [["customer", "mine"]],
    "customer { group { customers { totalCount } } parent { id } }": [["customer", "group"], ["customer", "parent"]],
    "... on UpdateCustomerPayload { customer { ... { contacts { id } } } }": [["customer", "contacts"]],
    "...Shown customer { ...Group }": [["customer", "group"], ["transition"]],
    "customer { ... on Node { ... on Customer { history { totalCount } } } }": [["customer", "history"]],
    "customer { group @include(if: $yes) { name } }": [["customer", "group"]],
    "customer { group @skip(if: $no) { name } }": [["customer", "group"]],
    "customer { ... @include(if: $yes) { children { totalCount } } }": [["customer", "children"]],
    "errors { code } transition { id }": [["transition"]],
    "customer { id customerGroupName number: customerGroupNumber }": [
        ["customer", "customerGroupName"],
        ["customer", "number"],
    ],
}
FRAGMENTS = {
    "Shown": "fragment Shown on UpdateCustomerPayload { customer { ...Group } transition { documents { total } } }",
    "Group": "fragment Group on Customer { id group { name } }",
}
ALLOWED = [
    "customer { id name customerGroupId version }",
    "customer { id group @include(if: $no) { name } }",
    "customer { id ...Group @skip(if: $yes) }",
    "changedFields errors { code ... on CustomersError { customerIds } ... on VersionConflictError { changedFields } }",
]


def document(selection: str) -> str:
    switches = [declared for name, declared in SWITCHES.items() if name in selection]
    head = ", ".join(["$input: UpdateCustomerInput!", *switches])
    text = f"mutation({head}) {{ updateCustomer(input: $input) {{ {selection} }} }}"
    used = [fragment for fragment in FRAGMENTS if f"...{fragment}" in selection]
    return "\n".join([text, *(FRAGMENTS[fragment] for fragment in used)])


async def errors_of(caller: Caller, text: str, **variables: Any) -> list[tuple[Any, Any, Any]]:
    result = await caller.run(text, **variables)
    assert result.data is None
    shown = [(error.path, error.extensions or {}) for error in result.errors or ()]
    return [(path, extensions["code"], extensions["requiredScope"]) for path, extensions in shown]


@pytest.mark.parametrize("selection", SELECTIONS)
async def test_every_outermost_forbidden_field_is_named_and_nothing_is_written(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID, selection: str
) -> None:
    change = {"id": str(await records.customer()), "name": "Written"}
    before = await everything_of(owner_engine, company)
    caller.scopes = [Scope.CUSTOMERS_WRITE]

    errors = await errors_of(caller, document(selection), input=change)

    assert errors == [(["updateCustomer", *path], "FORBIDDEN", "customers-read") for path in SELECTIONS[selection]]
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("selection", ALLOWED)
async def test_what_is_not_selected_under_the_variables_is_not_needed(
    caller: Caller, records: Records, selection: str
) -> None:
    customer = await records.customer()
    caller.scopes = [Scope.CUSTOMERS_WRITE]

    data = await caller.data(document(selection), input={"id": str(customer), "name": "Written"})

    assert data["updateCustomer"]["errors" if "errors" in selection else "customer"] is not None


async def test_one_operation_is_judged_anew_for_each_caller_and_each_switch(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    text = document("customer { id group @include(if: $yes) { id } }")
    seen: list[bool] = []

    for scopes in ([Scope.CUSTOMERS_WRITE], list(Scope), [Scope.CUSTOMERS_WRITE]):
        for yes in (True, False):
            caller.scopes = scopes
            result = await caller.run(text, input={"id": str(customer), "notes": f"{len(seen)}"}, yes=yes)
            seen.append(result.errors is None)

    assert seen == [False, True, True, True, False, True]


async def test_of_several_mutations_none_runs_if_one_is_forbidden(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)
    caller.scopes = [Scope.CUSTOMERS_WRITE]

    errors = await errors_of(
        caller,
        """mutation($change: UpdateCustomerInput!, $rows: UpsertLedgerAccountsInput!) {
             first: updateCustomer(input: $change) { customer { id group { id } } }
             second: upsertLedgerAccounts(input: $rows) { results { ledgerAccount { id } } }
           }""",
        change={"id": str(customer), "name": "Written"},
        rows={"rows": [{"number": "1", "name": "New"}]},
    )

    assert errors == [
        (["first", "customer", "group"], "FORBIDDEN", "customers-read"),
        (["second"], "FORBIDDEN", "accounts-write"),
    ]
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


async def test_a_written_group_shows_its_account_only_with_the_scope_of_accounts(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    account = await records.account()
    before = await everything_of(owner_engine, company)
    caller.scopes = [Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_READ]

    errors = await errors_of(
        caller,
        "mutation($input: CreateCustomerGroupInput!) {"
        " createCustomerGroup(input: $input) { customerGroup { id account { id } } } }",
        input={"number": "New", "name": "New", "accountId": str(account)},
    )

    assert errors == [(["createCustomerGroup", "customerGroup", "account"], "FORBIDDEN", "accounts-read")]
    assert await everything_of(owner_engine, company) == before


async def test_a_written_group_shows_fields_of_its_account_only_with_the_scope_to_read(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    group = await records.group()
    before = await everything_of(owner_engine, company)
    caller.scopes = [Scope.CUSTOMERS_WRITE, Scope.ACCOUNTS_READ]

    errors = await errors_of(
        caller,
        "mutation($input: UpdateCustomerGroupInput!) {"
        " updateCustomerGroup(input: $input) { customerGroup { accountId accountNumber accountName } } }",
        input={"id": str(group), "name": "New"},
    )

    path = ["updateCustomerGroup", "customerGroup"]
    assert errors == [([*path, name], "FORBIDDEN", "customers-read") for name in ("accountNumber", "accountName")]
    assert await everything_of(owner_engine, company) == before


async def test_a_null_switch_below_the_root_is_told_before_anything_is_written(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    change = {"id": str(await records.customer()), "name": "Written"}
    before = await everything_of(owner_engine, company)

    result = await caller.run(document("customer { id group @include(if: $yes) { id } }"), input=change, yes=None)

    assert result.data is None
    assert result.errors is not None
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


async def test_a_query_still_answers_what_may_be_seen(caller: Caller, records: Records) -> None:
    group = await records.group()
    caller.scopes = [Scope.CUSTOMERS_READ]

    result = await caller.run("query($id: ID!) { customerGroup(by: {id: $id}) { id account { id } } }", id=str(group))

    assert result.data == {"customerGroup": {"id": str(group), "account": None}}
    assert [error.path for error in result.errors or ()] == [["customerGroup", "account"]]


@pytest.mark.parametrize("plans", [True, False])
async def test_the_service_answers_so_too(
    service_dsn: str, owner_engine: AsyncEngine, records: Records, company: UUID, tmp_path: Path, *, plans: bool
) -> None:
    keys = DevelopmentKeys(tmp_path)
    change = {"id": str(await records.customer()), "name": "Written"}
    before = await everything_of(owner_engine, company)
    headers = headers_of(keys, company, [Scope.CUSTOMERS_WRITE])
    body: dict[str, Any] = {"query": document("customer { id group { name } }"), "variables": {"input": change}}

    async with started(settings_of(service_dsn, keys, query_plans=plans), headers) as client:
        response = await client.post("/graphql", json=body)

    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert response.json()["data"] is None
    assert error["path"] == ["updateCustomer", "customer", "group"]
    assert error["locations"] == [{"line": 1, "column": body["query"].index("group") + 1}]
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredScope": "customers-read"}
    assert await everything_of(owner_engine, company) == before
