"""Two companies with the same numbers, names and keys: nothing of one is visible to the other, and each wall holds
alone."""

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.tables import outbox_events
from app.domain.identity import Scope
from app.services.recent_lists import RecentLists
from tests.support.asking import Caller
from tests.support.feed import stamp_all
from tests.support.following import FOLLOW, feed_cursor
from tests.support.tenant_isolation import (
    EVERYTHING,
    FILTERS,
    FOREIGN,
    GROUP_FIELDS,
    LIST,
    PLAIN,
    assert_nothing_of,
    shown,
)
from tests.support.two_companies import Companies, made, without_narrowing
from tests.support.untouched import everything_of

ONE = EVERYTHING + "query($by: CustomerLookup!) { customer(by: $by) { ...Everything } }"
GROUP = (
    GROUP_FIELDS
    + PLAIN
    + "query($by: CustomerGroupLookup!) { customerGroup(by: $by) { ...Group customers { nodes { ...Plain } } } }"
)
GROUPS = GROUP_FIELDS + "query($where: CustomerGroupFilter) { customerGroups(where: $where) { ...Group } }"
ACCOUNTS = "query($where: LedgerAccountFilter) { ledgerAccounts(where: $where) { id number name version } }"
ACCOUNT_BY_NUMBER = """
{ _entities(representations: [{__typename: "LedgerAccount", number: "1010"}]) { ... on LedgerAccount { id name } } }
"""
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on LedgerAccount { number name } } }"
UPSERT = """
mutation($rows: [UpsertLedgerAccountRow!]!) {
  upsertLedgerAccounts(input: {rows: $rows}) { results { outcome ledgerAccount { id number name } } errors { message } }
}
"""
VIEWER = "{ viewer { subject company { id name baseCurrency timeZone } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def companies(owner_engine: AsyncEngine) -> Companies:
    """Two companies that differ in nothing that is looked up."""
    return Companies(await made(owner_engine, "kestrel"), await made(owner_engine, "osprey"))


WALLS = ["both", "row-level-security-alone", "narrowing-alone"]


@pytest.fixture(params=WALLS)
def standing(
    request: pytest.FixtureRequest, database: Database, owner_engine: AsyncEngine, owner: Database
) -> Generator[Database]:
    """The database behind both walls, or behind one of them."""
    assert owner_engine
    if request.param == "row-level-security-alone":
        with without_narrowing(database) as changed:
            yield database
            assert changed
    else:
        yield owner if request.param == "narrowing-alone" else database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def owner(owner_dsn: str) -> Any:
    """The database as its owner sees it: above all policies."""
    opened = Database(owner_dsn, pool_size=3, pool_timeout_seconds=10, statement_timeout_seconds=30)
    yield opened
    await opened.dispose()


@pytest.mark.parametrize("name", FILTERS)
async def test_no_filter_finds_a_customer_of_another_company(
    standing: Database, companies: Companies, name: str
) -> None:
    answer = await shown(Caller(standing, companies.own.id), LIST, where=FILTERS[name](companies.other))

    assert_nothing_of(companies.other, answer)
    assert '"errors": []' in answer
    # What both have is found in the own company, what only the other has is found nowhere.
    assert answer.startswith('{"data": {"customers": {"totalCount": 0, "nodes": []') == (name in FOREIGN)


@pytest.mark.parametrize("field", ["NUMBER", "NAME", "CREATED_AT"])
async def test_no_order_shows_a_customer_of_another_company(
    standing: Database, companies: Companies, field: str
) -> None:
    answer = await shown(Caller(standing, companies.own.id), LIST, orderBy=[{"field": field, "direction": "DESC"}])

    assert_nothing_of(companies.other, answer)
    assert '"totalCount": 2' in answer
    assert str(companies.own.child) in answer


@pytest.mark.parametrize("document", [ONE, GROUP], ids=["customer", "group"])
async def test_an_id_of_another_company_is_answered_like_one_that_nobody_has(
    standing: Database, companies: Companies, document: str
) -> None:
    caller = Caller(standing, companies.own.id)
    for id_ in (companies.other.parent, companies.other.child, companies.other.group):
        answer = await shown(caller, document, by={"id": str(id_)})
        assert answer == await shown(caller, document, by={"id": str(uuid4())})
        assert ": null}" in answer


@pytest.mark.parametrize("by", [{"customerNumber": "1"}, {"externalSystemId": "crm:1"}])
async def test_a_key_that_both_have_finds_the_own_customer_with_its_own_relations(
    standing: Database, companies: Companies, by: dict[str, str]
) -> None:
    answer = await shown(Caller(standing, companies.own.id), ONE, by=by)

    assert_nothing_of(companies.other, answer)
    assert str(companies.own.parent) in answer
    assert answer.count("Premium kestrel") == 1


async def test_groups_are_the_own_ones(standing: Database, companies: Companies) -> None:
    caller, other = Caller(standing, companies.own.id), companies.other
    filters: list[dict[str, Any] | None] = [
        None,
        {"number": "1"},
        {"metadata": [{"key": "region", "value": "north"}]},
        {"ids": [str(other.group), str(companies.own.group)]},
    ]
    answers = [await shown(caller, GROUPS, where=condition) for condition in filters]
    answers.append(await shown(caller, GROUP, by={"number": "1"}))
    for answer in answers:
        assert_nothing_of(other, answer)
        assert str(companies.own.group) in answer
    assert '"customerGroups": []' in await shown(caller, GROUPS, where={"ids": [str(other.group)]})


async def test_accounts_are_the_own_ones(standing: Database, companies: Companies) -> None:
    caller, own, other = Caller(standing, companies.own.id), companies.own, companies.other
    filters: list[dict[str, Any] | None] = [
        None,
        {"number": "1010"},
        {"namePrefix": "sales"},
        {"ids": [str(other.account), str(own.account)]},
    ]
    answers = [await shown(caller, ACCOUNTS, where=condition) for condition in filters]
    answers.append(await shown(caller, GROUPS))
    answers.append(await shown(caller, ACCOUNT_BY_NUMBER))
    answers.append(await shown(caller, NODES, ids=[str(other.account), str(own.account)]))
    for answer in answers:
        assert_nothing_of(other, answer)
        assert str(own.account) in answer
    assert '"ledgerAccounts": []' in await shown(caller, ACCOUNTS, where={"ids": [str(other.account)]})


async def test_writing_accounts_changes_and_shows_nothing_of_another_company(
    standing: Database, companies: Companies, owner_engine: AsyncEngine
) -> None:
    caller, other = Caller(standing, companies.own.id), companies.other
    before = await everything_of(owner_engine, other.id)

    for rows in ([{"number": "1010"}], [{"number": "1010", "name": "Sales kestrel"}], [{"number": "9", "name": "New"}]):
        answer = await shown(caller, UPSERT, rows=rows)
        assert_nothing_of(other, answer)
        assert '"errors": []' in answer
    assert await everything_of(owner_engine, other.id) == before


async def test_the_viewer_sees_the_own_company(standing: Database, companies: Companies) -> None:
    answer = await shown(Caller(standing, companies.own.id), VIEWER)

    assert_nothing_of(companies.other, answer)
    assert str(companies.own.id) in answer


async def test_a_cursor_of_another_company_is_rejected(standing: Database, companies: Companies) -> None:
    theirs = await Caller(standing, companies.other.id).data(LIST)
    for cursor in {edge["cursor"] for edge in theirs["customers"]["edges"]}:
        answer = await shown(Caller(standing, companies.own.id), LIST, after=cursor)
        assert_nothing_of(companies.other, answer)
        assert "INVALID_CURSOR" in answer


async def test_the_feed_has_the_own_events_only_and_takes_the_own_cursors_only(
    standing: Database, companies: Companies, owner_engine: AsyncEngine
) -> None:
    caller, other = Caller(standing, companies.own.id), Caller(standing, companies.other.id)
    starts = await feed_cursor(caller), await feed_cursor(other)
    async with owner_engine.begin() as connection:
        for of in (companies.own, companies.other):
            data = {"customerId": str(of.parent), "version": 1}
            row = {"company_id": of.id, "id": uuid4(), "type": "customer.updated", "subject_id": of.parent}
            await connection.execute(insert(outbox_events).values(row | {"actor": of.traces[0], "data": data}))
    await stamp_all(standing)

    filters: list[dict[str, Any]] = [{}, {"types": ["CUSTOMER_UPDATED"]}, {"customerIds": [str(companies.own.parent)]}]
    for only in filters:
        answer = await shown(caller, FOLLOW, after=starts[0], **only)
        assert_nothing_of(companies.other, answer)
        assert answer.count("CUSTOMER_UPDATED") == 1
    assert '"events": []' in await shown(caller, FOLLOW, after=starts[0], customerIds=[str(companies.other.parent)])
    for theirs in (starts[1], await feed_cursor(other)):
        answer = await shown(caller, FOLLOW, after=theirs)
        assert_nothing_of(companies.other, answer)
        assert "INVALID_CURSOR" in answer


async def test_what_was_remembered_for_one_company_is_not_shown_to_another(
    standing: Database, companies: Companies
) -> None:
    recent = RecentLists(seconds=5, size=100)
    first = Caller(standing, companies.other.id, recent=recent)
    second = Caller(standing, companies.own.id, recent=recent)
    for document in (LIST, GROUPS):
        theirs = await shown(first, document)
        mine = await shown(second, document)
        assert_nothing_of(companies.other, mine)
        assert_nothing_of(companies.own, theirs)
        assert "kestrel" in mine
        assert "osprey" in theirs


async def test_a_remembered_page_is_not_shown_to_a_credential_without_the_scope(
    database: Database, companies: Companies
) -> None:
    recent = RecentLists(seconds=5, size=100)
    await Caller(database, companies.own.id, recent=recent).data(LIST)
    writer = Caller(database, companies.own.id, scopes=[Scope.CUSTOMERS_WRITE], recent=recent)

    answer = await shown(writer, LIST)
    assert_nothing_of(companies.own, answer)
    assert "FORBIDDEN" in answer


async def test_without_either_wall_these_tests_would_see_the_other_company(
    owner: Database, companies: Companies
) -> None:
    caller, other = Caller(owner, companies.own.id), companies.other
    with without_narrowing(owner):
        for document, id_ in ((LIST, other.parent), (GROUPS, other.group)):
            with pytest.raises(AssertionError):
                assert_nothing_of(other, await shown(caller, document, where={"ids": [str(id_)]}))
