"""Ledger accounts: every field, their order, their filter, the edge from groups, and what a credential may see of
them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from tests.graphql.statements import cost
from tests.support.asking import Caller
from tests.support.records import Records, new_company

LIST = (
    "query($where: LedgerAccountFilter, $first: Int! = 100) { ledgerAccounts(where: $where, first: $first) { number } }"
)


async def listed(caller: Caller, **variables: Any) -> list[str]:
    """The numbers of the accounts of a list."""
    return [account["number"] for account in (await caller.data(LIST, **variables))["ledgerAccounts"]]


async def test_an_account_shows_every_field(caller: Caller, records: Records) -> None:
    account = await records.account(number="4010", name="Salg, udland")
    shown = (await caller.data("{ ledgerAccounts { __typename id number name version } }"))["ledgerAccounts"]
    expected = {"id": str(account), "number": "4010", "name": "Salg, udland", "version": 1}
    assert shown == [{"__typename": "LedgerAccount", **expected}]


async def test_accounts_come_in_the_natural_order_of_their_numbers(caller: Caller, records: Records) -> None:
    expected = ["1", "2", "7", "007", "10", "A-2", "a"]
    for place, number in reversed(list(enumerate(expected))):
        await records.account(id=UUID(int=place), number=number)
    assert await listed(caller) == expected
    assert await listed(caller, first=2) == ["1", "2"]
    assert await listed(caller, first=0) == []
    assert await listed(caller, first=500) == expected


async def test_each_filter_of_accounts_finds_what_it_says(caller: Caller, records: Records) -> None:
    names = ["Ålborg", "ålen", "Sales %", "Sales_1"]
    ids = [await records.account(number=str(place), name=name) for place, name in enumerate(names)]
    filters: list[tuple[dict[str, Any] | None, list[str]]] = [
        (None, ["0", "1", "2", "3"]),
        ({}, ["0", "1", "2", "3"]),
        ({"ids": [str(ids[2]), str(uuid4())]}, ["2"]),
        ({"ids": []}, []),
        ({"number": " 1 "}, ["1"]),
        ({"number": "01"}, []),
        ({"namePrefix": "ÅL"}, ["0", "1"]),
        ({"namePrefix": "sales _"}, []),
        ({"namePrefix": "sales %"}, ["2"]),
        ({"namePrefix": "sales", "number": "3"}, ["3"]),
        ({"number": "0", "ids": [str(ids[1])]}, []),
    ]
    for where, expected in filters:
        assert await listed(caller, where=where) == expected, where


async def test_another_company_s_accounts_do_not_exist(caller: Caller, owner_engine: AsyncEngine) -> None:
    foreign = await Records(owner_engine, await new_company(owner_engine)).account(number="1", name="Sales")
    wheres: list[dict[str, Any]] = [{}, {"ids": [str(foreign)]}, {"number": "1"}, {"namePrefix": "s"}]
    for where in wheres:
        assert await listed(caller, where=where) == []
    assert await caller.data("query($id: ID!) { node(id: $id) { id } }", id=str(foreign)) == {"node": None}


@pytest.mark.parametrize("field", ["ids", "number", "namePrefix"])
async def test_null_is_rejected_in_a_filter_of_accounts(caller: Caller, field: str) -> None:
    rejection = await caller.rejection(LIST, where={field: None})
    assert [problem["path"] for problem in rejection["problems"]] == [["where", field]]


async def test_all_problems_of_a_list_of_accounts_are_reported_at_once(caller: Caller) -> None:
    rejection = await caller.rejection(LIST, first=501, where={"ids": ["1"], "number": "", "namePrefix": "a\0"})
    assert rejection["code"] == "BAD_USER_INPUT"
    paths = [["first"], ["where", "ids", "0"], ["where", "number"], ["where", "namePrefix"]]
    assert [problem["path"] for problem in rejection["problems"]] == paths


async def test_a_group_leads_to_its_account(caller: Caller, records: Records) -> None:
    account = await records.account(number="4010", name="Sales")
    await records.group(account_id=account)
    shown = await caller.data("{ customerGroups { accountId account { id number name } } }")
    assert shown["customerGroups"] == [
        {"accountId": str(account), "account": {"id": str(account), "number": "4010", "name": "Sales"}}
    ]


@pytest.mark.parametrize("groups", [1, 10, 40])
async def test_the_accounts_of_groups_cost_one_statement_however_many_they_are(
    caller: Caller, records: Records, groups: int
) -> None:
    for _ in range(groups):
        await records.group()
    assert await cost(caller, "{ customerGroups { account { name } } }") == 2


async def test_a_group_shows_its_account_s_number_and_name_to_who_reads_customers_alone(
    caller: Caller, records: Records
) -> None:
    group = await records.group(account_id=await records.account(number="4010", name="Sales"))
    caller.scopes = [Scope.CUSTOMERS_READ]
    plain = "id accountNumber accountName"

    assert await caller.data(f"{{ customerGroups {{ {plain} }} }}") == {
        "customerGroups": [{"id": str(group), "accountNumber": "4010", "accountName": "Sales"}]
    }
    result = await caller.run(f"{{ customerGroups {{ {plain} account {{ id }} }} }}")
    # The edge is null and the rest stands.
    assert result.data == {
        "customerGroups": [{"id": str(group), "accountNumber": "4010", "accountName": "Sales", "account": None}]
    }
    assert [(error.path, error.extensions) for error in result.errors or ()] == [
        (["customerGroups", 0, "account"], {"code": "FORBIDDEN", "requiredScope": "accounts-read"})
    ]


FOUND = {
    "node": "query($account: ID!, $group: ID!) { first: node(id: $group) { id } account: node(id: $account) { id } }",
    "nodes": "query($account: ID!, $group: ID!) { nodes(ids: [$group, $account]) { id } }",
    "_entities": """query($account: ID!, $group: ID!) {
      _entities(representations: [{__typename: "CustomerGroup", id: $group}, {__typename: "LedgerAccount", id: $account}]) {
        ... on CustomerGroup { id } ... on LedgerAccount { id }
      }
    }""",
}


@pytest.mark.parametrize("name", FOUND)
async def test_an_id_shows_an_account_only_to_who_reads_accounts(caller: Caller, records: Records, name: str) -> None:
    account = await records.account()
    ids = {"account": str(account), "group": str(await records.group(account_id=account))}

    found = await caller.data(FOUND[name], **ids)
    assert str(account) in str(found)

    caller.scopes = [Scope.CUSTOMERS_READ]
    result = await caller.run(FOUND[name], **ids)
    assert str(account) not in str(result.data)
    assert ids["group"] in str(result.data)
    assert [error.extensions for error in result.errors or ()] == [
        {"code": "FORBIDDEN", "requiredScope": "accounts-read"}
    ]
