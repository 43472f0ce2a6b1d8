"""The list of customers: its orders, its size, its arguments and what they may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records, new_company

LIST = """query($first: Int, $after: String, $last: Int, $before: String, $where: CustomerFilter, $by: [CustomerOrder!]) {
  customers(first: $first, after: $after, last: $last, before: $before, where: $where, orderBy: $by) {
    nodes { id customerNumber name }
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def listed(caller: Caller, field: str, **variables: Any) -> list[str]:
    """One field of each customer of a list."""
    data = await caller.data(LIST, **variables)
    return [node[field] for node in data["customers"]["nodes"]]


async def test_numbers_sort_by_value_then_the_others_by_code_point_and_ties_by_id(
    caller: Caller, records: Records
) -> None:
    expected = ["0", "1", "2", "7", "007", "10", "99999999999999999999", "A-2", "a", "É", "é1", "\uff11", "🙂"]
    for place, number in reversed(list(enumerate(expected))):
        await records.customer(id=UUID(int=place), customer_number=number)

    assert await listed(caller, "customerNumber") == expected
    assert await listed(caller, "customerNumber", by=[{"field": "NUMBER"}]) == expected
    assert await listed(caller, "customerNumber", by=[]) == expected
    assert await listed(caller, "customerNumber", by=[{"field": "NUMBER", "direction": "DESC"}]) == expected[::-1]


async def test_names_sort_ignoring_case_and_ties_by_id(caller: Caller, records: Records) -> None:
    names = ["ann", "ANN", "bo", "Carl", "dora"]
    for place in (3, 1, 4, 0, 2):
        await records.customer(id=UUID(int=place), name=names[place])

    assert await listed(caller, "name", by=[{"field": "NAME"}]) == names
    assert await listed(caller, "name", by=[{"field": "NAME", "direction": "DESC"}]) == names[::-1]


async def test_customers_sort_by_creation_time_and_then_by_more(caller: Caller, records: Records) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, days in (("1", 1), ("2", 0), ("3", 1), ("4", 0)):
        await records.customer(customer_number=number, created_at=start + timedelta(days=days))
    newest_first = {"field": "CREATED_AT", "direction": "DESC"}

    by = [newest_first, {"field": "NUMBER"}]
    assert await listed(caller, "customerNumber", by=by) == ["1", "3", "2", "4"]
    by = [newest_first, {"field": "NAME"}, {"field": "NUMBER", "direction": "DESC"}]
    assert await listed(caller, "customerNumber", by=by) == ["3", "1", "4", "2"]


async def test_customers_sort_by_their_last_change(caller: Caller, records: Records) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, days in (("1", 1), ("2", 0), ("3", 1)):
        await records.customer(
            id=UUID(int=int(number)), customer_number=number, updated_at=start + timedelta(days=days)
        )

    assert await listed(caller, "customerNumber", by=[{"field": "UPDATED_AT"}]) == ["2", "1", "3"]
    by = [{"field": "UPDATED_AT", "direction": "DESC"}]
    assert await listed(caller, "customerNumber", by=by) == ["3", "1", "2"]


async def test_an_order_names_each_field_once(caller: Caller) -> None:
    rejection = await caller.rejection(LIST, by=[{"field": "NAME"}, {"field": "NAME", "direction": "DESC"}])
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [["orderBy"]]
    assert rejection["message"] == "orderBy: must name at most 3 fields, each once."


async def test_the_last_rows_come_in_the_order_of_the_list(caller: Caller, records: Records) -> None:
    for number in "1234":
        await records.customer(customer_number=number)
    assert await listed(caller, "customerNumber", last=3) == ["2", "3", "4"]


async def test_a_list_has_50_rows_unless_asked_for_and_500_at_most(caller: Caller, records: Records) -> None:
    for _ in range(51):
        await records.customer()

    usual = (await caller.data(LIST))["customers"]
    assert (len(usual["nodes"]), usual["totalCount"], usual["pageInfo"]["hasNextPage"]) == (50, 51, True)
    for size in ({"first": 500}, {"last": 500}):
        assert len(await listed(caller, "id", **size)) == 51
    assert len(await listed(caller, "id", first=None, last=None)) == 50


async def test_no_rows_at_all_may_be_asked_for(caller: Caller, records: Records) -> None:
    await records.customer()
    for size, more in (({"first": 0}, "hasNextPage"), ({"last": 0}, "hasPreviousPage")):
        page = (await caller.data(LIST, **size))["customers"]
        assert page["nodes"] == []
        assert page["totalCount"] == 1
        expected = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
        assert page["pageInfo"] == expected | {more: True}


@pytest.mark.parametrize(("at_most", "counted"), [(None, 3), (1, 1), (2, 2), (3, 3), (4, 3), (1_000_000, 3)], ids=str)
async def test_a_list_is_counted_up_to_a_number(
    caller: Caller, records: Records, at_most: int | None, counted: int
) -> None:
    parent = await records.customer(customer_number="P")
    for _ in range(3):
        await records.customer(parent_customer_id=parent)

    total = "totalCount" if at_most is None else f"totalCount(atMost: {at_most})"
    lists = f"customers(where: {{hasParent: true}}) {{ {total} }}"
    data = await caller.data(f'{{ {lists} customer(by: {{customerNumber: "P"}}) {{ children {{ {total} }} }} }}')
    assert data == {"customers": {"totalCount": counted}, "customer": {"children": {"totalCount": counted}}}


@pytest.mark.parametrize("at_most", [-1, 0, 1_000_001])
async def test_a_count_out_of_bounds_is_rejected(caller: Caller, at_most: int) -> None:
    rejection = await caller.rejection("query($n: Int!) { customers { totalCount(atMost: $n) } }", n=at_most)
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [["atMost"]]


async def test_a_company_without_customers_has_an_empty_list(caller: Caller) -> None:
    assert (await caller.data(LIST))["customers"] == {
        "nodes": [],
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


async def test_another_company_s_customers_are_neither_listed_nor_counted(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    own = await records.customer()
    other_company = Records(owner_engine, await new_company(owner_engine))
    foreign = await other_company.customer()

    ids = {"ids": [str(own), str(foreign)]}
    wheres: list[dict[str, Any] | None] = [None, {}, ids, {"not": {"ids": []}}, {"or": [{"countryCode": "DK"}]}]
    for where in wheres:
        page = (await caller.data(LIST, where=where))["customers"]
        assert [node["id"] for node in page["nodes"]] == [str(own)]
        assert page["totalCount"] == 1


@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("size", [-1, 501])
async def test_a_size_out_of_bounds_is_rejected(caller: Caller, argument: str, size: int) -> None:
    rejection = await caller.rejection(LIST, **{argument: size})
    assert rejection["code"] == "BAD_USER_INPUT"
    assert rejection["field"] == ["customers"]
    assert rejection["message"] == f"{argument}: must be between 0 and 500, not {size}."


async def test_first_and_last_together_are_rejected(caller: Caller) -> None:
    rejection = await caller.rejection(LIST, first=1, last=1)
    assert [problem["path"] for problem in rejection["problems"]] == [["last"]]


async def test_all_problems_of_all_arguments_are_reported_at_once(caller: Caller) -> None:
    rejection = await caller.rejection(
        LIST,
        first=-1,
        after="x",
        last=501,
        before="y",
        where={"customerNumber": " ", "and": [{"isActive": None}, {"not": {"ids": ["1"]}}]},
        by=[{"field": "NAME"}, {"field": "NAME"}],
    )
    assert rejection["code"] == "BAD_USER_INPUT"
    assert {(problem["code"], ".".join(map(str, problem["path"]))) for problem in rejection["problems"]} == {
        ("BAD_USER_INPUT", "first"),
        ("BAD_USER_INPUT", "last"),
        ("BAD_USER_INPUT", "orderBy"),
        ("BAD_USER_INPUT", "where.and.0.isActive"),
        ("BAD_USER_INPUT", "where.and.1.not.ids.0"),
        ("BAD_USER_INPUT", "where.customerNumber"),
        ("INVALID_CURSOR", "after"),
        ("INVALID_CURSOR", "before"),
    }
