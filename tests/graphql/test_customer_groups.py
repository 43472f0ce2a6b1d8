"""Customer groups: every field, their order, their filter and their look-up."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records, new_company

LIST = (
    "query($where: CustomerGroupFilter, $first: Int! = 100) { customerGroups(where: $where, first: $first) { number } }"
)
FIND = "query($by: CustomerGroupLookup!) { customerGroup(by: $by) { id } }"
FIELDS = "id number name discount accountId accountNumber accountName metadata version"


async def listed(caller: Caller, **variables: Any) -> list[str]:
    """The numbers of the groups of a list."""
    return [group["number"] for group in (await caller.data(LIST, **variables))["customerGroups"]]


async def test_a_group_shows_every_field(caller: Caller, records: Records) -> None:
    account = await records.account(number="4010", name="Sales abroad")
    metadata = {"region": "north", "rank": 1}
    group = await records.group(number="G1", name="Abroad", discount="12.50", account_id=account, metadata=metadata)
    bare = await records.group(number="G2", name="Plain", account_id=account)

    shown = (await caller.data(f"{{ customerGroups {{ {FIELDS} }} }}"))["customerGroups"]

    assert shown == [
        {
            "id": str(group),
            "number": "G1",
            "name": "Abroad",
            "discount": "12.50",
            "accountId": str(account),
            "accountNumber": "4010",
            "accountName": "Sales abroad",
            "metadata": metadata,
            "version": 1,
        },
        {
            "id": str(bare),
            "number": "G2",
            "name": "Plain",
            "discount": "0.00",
            "accountId": str(account),
            "accountNumber": "4010",
            "accountName": "Sales abroad",
            "metadata": {},
            "version": 1,
        },
    ]


async def test_groups_come_in_the_natural_order_of_their_numbers(caller: Caller, records: Records) -> None:
    expected = ["1", "2", "7", "007", "10", "A-2", "a"]
    for place, number in reversed(list(enumerate(expected))):
        await records.group(id=UUID(int=place), number=number)
    assert await listed(caller) == expected
    assert await listed(caller, first=2) == ["1", "2"]
    assert await listed(caller, first=0) == []
    assert await listed(caller, first=500) == expected


async def test_each_filter_of_groups_finds_what_it_says(caller: Caller, records: Records) -> None:
    names = ["Ålborg %", "a\u030alen", "Sales_1"]
    ids = [
        await records.group(number=str(place), name=name, metadata={"even": place % 2 == 0, "n": place})
        for place, name in enumerate(names)
    ]
    filters: list[tuple[dict[str, Any] | None, list[str]]] = [
        (None, ["0", "1", "2"]),
        ({}, ["0", "1", "2"]),
        ({"ids": [str(ids[2]), str(uuid4())]}, ["2"]),
        ({"ids": []}, []),
        ({"number": " 1 "}, ["1"]),
        ({"number": "01"}, []),
        ({"namePrefix": "ÅL"}, ["0", "1"]),
        ({"namePrefix": " ål"}, ["0", "1"]),
        ({"namePrefix": "al"}, []),
        ({"namePrefix": "ålborg _"}, []),
        ({"namePrefix": "sales_"}, ["2"]),
        ({"namePrefix": "å", "number": "1"}, ["1"]),
        ({"metadata": [{"key": "even", "value": True}]}, ["0", "2"]),
        ({"metadata": [{"key": "even", "value": True}, {"key": "n", "value": 2}]}, ["2"]),
        ({"metadata": []}, ["0", "1", "2"]),
        ({"number": "0", "ids": [str(ids[1])]}, []),
    ]
    for where, expected in filters:
        assert await listed(caller, where=where) == expected, where


async def test_a_group_is_found_by_each_of_its_keys(caller: Caller, records: Records) -> None:
    group = await records.group(number="007")
    for by in ({"id": str(group)}, {"number": " 007 "}):
        assert await caller.data(FIND, by=by) == {"customerGroup": {"id": str(group)}}
    for by in ({"id": str(uuid4())}, {"number": "7"}):
        assert await caller.data(FIND, by=by) == {"customerGroup": None}


async def test_another_company_s_groups_do_not_exist(caller: Caller, owner_engine: AsyncEngine) -> None:
    foreign = await Records(owner_engine, await new_company(owner_engine)).group(number="1", metadata={"a": 1})
    for by in ({"id": str(foreign)}, {"number": "1"}):
        assert await caller.data(FIND, by=by) == {"customerGroup": None}
    pair = {"key": "a", "value": 1}
    wheres: list[dict[str, Any]] = [{}, {"ids": [str(foreign)]}, {"namePrefix": "g"}, {"metadata": [pair]}]
    for where in wheres:
        assert await listed(caller, where=where) == []


@pytest.mark.parametrize("by", [{"id": "x"}, {"number": " "}, {"number": "\0"}])
async def test_a_malformed_key_is_rejected_at_its_path(caller: Caller, by: dict[str, str]) -> None:
    rejection = await caller.rejection(FIND, by=by)
    assert rejection["code"] == "BAD_USER_INPUT"
    assert rejection["field"] == ["customerGroup"]
    assert [problem["path"] for problem in rejection["problems"]] == [["by", *by]]


@pytest.mark.parametrize("field", ["ids", "number", "namePrefix", "metadata"])
async def test_null_is_rejected_in_a_filter_of_groups(caller: Caller, field: str) -> None:
    rejection = await caller.rejection(LIST, where={field: None})
    assert [problem["path"] for problem in rejection["problems"]] == [["where", field]]


async def test_all_problems_of_a_list_of_groups_are_reported_at_once(caller: Caller) -> None:
    rejection = await caller.rejection(
        LIST,
        first=501,
        where={"ids": ["1"], "number": "", "namePrefix": "a\0", "metadata": [{"key": "", "value": 1}]},
    )
    assert rejection["code"] == "BAD_USER_INPUT"
    fields = [["ids", "0"], ["number"], ["namePrefix"], ["metadata", "0", "key"]]
    paths = [["first"], *(["where", *field] for field in fields)]
    assert [problem["path"] for problem in rejection["problems"]] == paths
    assert (await caller.rejection(LIST, first=-1))["message"] == "first: must be between 0 and 500, not -1."


async def test_eleven_metadata_pairs_are_rejected_with_their_own_code(caller: Caller) -> None:
    where = {"metadata": [{"key": "k", "value": place} for place in range(11)]}
    assert (await caller.rejection(LIST, where=where))["code"] == "METADATA_FILTER_LIMIT_EXCEEDED"
