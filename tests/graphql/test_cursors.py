"""Cursors fit one list alone: that of their company, order, filter and edge; everything else is rejected clearly."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.conditions import Equals
from app.db.customers import CustomerSort, order_by
from app.db.database import Database
from app.graphql.arguments import Problems
from app.graphql.cursors import Cursors
from tests.support.asking import Caller
from tests.support.records import Records, new_company

LIST = """query($after: String, $before: String, $last: Int, $where: CustomerFilter, $by: [CustomerOrder!]) {
  customers(after: $after, before: $before, last: $last, where: $where, orderBy: $by) { edges { cursor node { id } } }
}"""
CHILDREN = "query($after: String, $where: CustomerFilter) { customers { nodes { children(after: $after, where: $where) { edges { cursor } } } } }"
OF_GROUPS = "query($after: String) { customerGroups { customers(after: $after) { edges { cursor } } } }"
ACTIVE = {"isActive": True}
COMPANY = UUID(int=1)
BY_TIME = order_by((CustomerSort.CREATED_AT, False))


async def cursor_of(caller: Caller, **variables: Any) -> str:
    """The cursor of the first row of a list."""
    return (await caller.data(LIST, **variables))["customers"]["edges"][0]["cursor"]


async def rejected(caller: Caller, document: str, argument: str = "after", **variables: Any) -> None:
    """A list rejects a cursor: every time that it is asked for, and with nothing but the reason."""
    result = await caller.run(document, **variables)
    assert result.errors
    for error in result.errors:
        assert error.extensions is not None
        assert error.extensions["code"] == "INVALID_CURSOR"
        assert [problem["path"] for problem in error.extensions["problems"]] == [[argument]]
        assert error.message.startswith(f"{argument}: is not a cursor of this list")


def variants(cursor: str) -> list[str]:
    """The cursor altered by one character, one way at each place, and a few ways at its ends."""
    altered = [
        cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(len(cursor))
    ]
    last = [cursor[:-1] + other for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
    odd = [
        cursor + "=",
        cursor + "A",
        cursor[:-1],
        cursor[1:],
        " " + cursor,
        cursor + "\n",
        cursor + "é",
        "",
        "\0",
        "A" * 5_000,
    ]
    return [changed for changed in altered + last + odd if changed != cursor]


async def test_a_cursor_from_another_order_or_filter_is_rejected(caller: Caller, records: Records) -> None:
    await records.customer()
    by_name = [{"field": "NAME"}]
    lists: list[dict[str, Any]] = [
        {},
        {"by": by_name},
        {"by": [{"field": "NUMBER", "direction": "DESC"}]},
        {"by": [*by_name, {"field": "NUMBER"}]},
        {"where": ACTIVE},
        {"where": {"not": {"isActive": False}}},
        {"where": ACTIVE, "by": by_name},
        {"where": {"countryCode": "DK"}},
    ]
    cursors = [await cursor_of(caller, **arguments) for arguments in lists]

    for asked, arguments in enumerate(lists):
        for made, cursor in enumerate(cursors):
            if asked == made:
                assert await caller.data(LIST, after=cursor, **arguments) == {"customers": {"edges": []}}
            else:
                await rejected(caller, LIST, after=cursor, **arguments)
                await rejected(caller, LIST, "before", before=cursor, last=1, **arguments)


async def test_the_same_order_and_filter_in_other_words_take_the_cursor(caller: Caller, records: Records) -> None:
    await records.customer()
    cursor = await cursor_of(caller)
    same: list[dict[str, Any]] = [{"where": {}}, {"by": []}, {"by": [{"field": "NUMBER", "direction": "ASC"}]}]
    for arguments in same:
        assert await caller.data(LIST, after=cursor, **arguments) == {"customers": {"edges": []}}


async def test_a_cursor_from_another_edge_is_rejected(caller: Caller, records: Records) -> None:
    parent = await records.customer()
    await records.customer(parent_customer_id=parent)
    root = await cursor_of(caller)
    child = (await caller.data(CHILDREN))["customers"]["nodes"][0]["children"]["edges"][0]["cursor"]
    member = (await caller.data(OF_GROUPS))["customerGroups"][0]["customers"]["edges"][0]["cursor"]

    for document, foreign in ((LIST, (child, member)), (CHILDREN, (root, member)), (OF_GROUPS, (root, child))):
        for cursor in foreign:
            await rejected(caller, document, after=cursor)
    await rejected(caller, CHILDREN, after=child, where=ACTIVE)


async def test_a_cursor_of_another_company_is_rejected(
    caller: Caller, records: Records, owner_engine: AsyncEngine, database: Database
) -> None:
    row = {"id": uuid4(), "customer_number": "1"}
    other_company = Records(owner_engine, await new_company(owner_engine))
    await records.customer(**row)
    await other_company.customer(**row)

    cursor = await cursor_of(Caller(database, other_company.company_id))

    await rejected(caller, LIST, after=cursor)


async def test_a_cursor_altered_by_one_character_is_rejected(caller: Caller, records: Records) -> None:
    await records.customer()
    for altered in variants(await cursor_of(caller)):
        await rejected(caller, LIST, after=altered)


def forged(values: bytes, cursors: Cursors) -> str:
    """A cursor with the digest that fits its content: nothing of it is secret."""
    content = cursors._digest(values) + values  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - a forger can read the source
    return urlsafe_b64encode(content).decode().rstrip("=")


ONE = "00000000-0000-0000-0000-000000000001"
MOMENT = "2026-01-01T00:00:00+00:00"


def content(created_at: object = MOMENT, id_: object = ONE, **more: object) -> bytes:
    """What a cursor of a list by time holds."""
    return json.dumps({"v": 2, "created_at": created_at, "id": id_, **more}).encode()


ODD_CONTENTS = [
    b"",
    b"null",
    b"17",
    b"{}",
    b"[]",
    # The release before wrote a list without names.
    f'["{MOMENT}","{ONE}"]'.encode(),
    b'{"v":2}',
    f'{{"v":2,"created_at":"{MOMENT}"}}'.encode(),
    f'{{"v":2,"id":"{ONE}"}}'.encode(),
    content(1),
    content(None),
    content([MOMENT]),
    content("yesterday"),
    content(f"{MOMENT}\0"),
    content(id_="17"),
    content(id_=17),
    content("0001-01-01T00:00:00+23:59"),
    content("9999-12-31T23:59:59-23:59"),
    content(id_="?").replace(b"?", b"\\ud800"),
    content().replace(b'"id"', b'"\\ud800"'),
    b"[" * 2_900,
    b'{"v":' * 2_900,
    b"[" + b"9" * 2_900 + b"]",
    b"\xff\xfe",
    b'["\xff"]',
    b"[NaN,Infinity]",
]


def test_the_contents_above_are_odd_by_one_thing_each() -> None:
    cursors = Cursors(BY_TIME, "customers", COMPANY, None)
    for fitting in (content(), content(unknown="x")):
        assert decoded(cursors, forged(fitting, cursors)) == (datetime.fromisoformat(MOMENT), UUID(ONE))


@pytest.mark.parametrize("odd", ODD_CONTENTS, ids=lambda odd: repr(odd[:60]))
async def test_a_forged_cursor_with_odd_content_is_rejected(caller: Caller, odd: bytes) -> None:
    cursors = Cursors(BY_TIME, "customers", caller.company_id, None)
    by = [{"field": "CREATED_AT"}]
    await rejected(caller, LIST, after=forged(odd, cursors), by=by)


@pytest.mark.parametrize("odd", ["\\ud800", "a\\u0000b", "\\ud83d"], ids=["surrogate", "U+0000", "half a pair"])
async def test_a_forged_cursor_with_a_text_that_no_column_holds_is_rejected(caller: Caller, odd: str) -> None:
    cursors = Cursors(order_by((CustomerSort.NUMBER, False)), "customers", caller.company_id, None)
    position = f'{{"v":2,"number_key":"{odd}","id":"{ONE}"}}'.encode()
    await rejected(caller, LIST, after=forged(position, cursors))


async def test_a_forged_cursor_of_the_right_form_only_begins_the_own_list_elsewhere(
    caller: Caller, records: Records
) -> None:
    own = await records.customer(customer_number="2")
    cursors = Cursors(order_by((CustomerSort.NUMBER, False)), "customers", caller.company_id, None)
    for key, expected in (("", [str(own)]), ("z" * 2_000, [])):
        values = {"v": 2, "number_key": key, "id": str(UUID(int=0))}
        page = await caller.data(LIST, after=forged(json.dumps(values).encode(), cursors))
        assert [edge["node"]["id"] for edge in page["customers"]["edges"]] == expected


def decoded(cursors: Cursors, cursor: str) -> tuple[Any, ...] | None:
    """What a list reads from a cursor; None where it rejects it, for the one reason that there is."""
    problems = Problems()
    position = cursors.decode(cursor, ("after",), problems)
    assert [problem["code"] for problem in problems.found] == ([] if position is not None else ["INVALID_CURSOR"])
    return position


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=400), st.datetimes(), st.uuids())
def test_every_position_comes_back_from_its_cursor(name: str, moment: Any, id_: UUID) -> None:
    order = order_by((CustomerSort.NAME, False), (CustomerSort.CREATED_AT, True))
    cursors = Cursors(order, "customers", COMPANY, None)
    position = (name, moment.replace(tzinfo=UTC), id_)
    assert decoded(cursors, cursors.encode(position)) == position


@pytest.mark.parametrize("length", range(4))
def test_no_text_but_the_one_that_was_given_out_is_taken_back(length: int) -> None:
    cursors = Cursors(order_by((CustomerSort.NAME, False)), "customers", COMPANY, None)
    # The lengths of the content are of every kind: some leave bits of the last character unused.
    cursor = cursors.encode(("x" * length, COMPANY))
    assert decoded(cursors, cursor) == ("x" * length, COMPANY)
    for altered in variants(cursor):
        assert decoded(cursors, altered) is None


@given(st.text())
def test_any_other_text_is_rejected(text: str) -> None:
    assert decoded(Cursors(BY_TIME, "customers", COMPANY, Equals("is_active", value=True)), text) is None


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_content_with_a_fitting_digest_is_read_or_rejected(any_content: bytes) -> None:
    cursors = Cursors(BY_TIME, "customers", COMPANY, None)
    position = decoded(cursors, forged(any_content, cursors))
    assert position is None or len(position) == len(BY_TIME)


def test_a_cursor_shows_nothing_but_the_position() -> None:
    cursors = Cursors(BY_TIME, "customers", COMPANY, Equals("external_system_id", "secret"))
    shown = urlsafe_b64decode(cursors.encode(("x", "y")) + "==")
    assert shown.endswith(b'{"v":2,"created_at":"x","id":"y"}')
    assert b"secret" not in shown
