"""Subscriptions over SSE, through the whole application and a real database."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from tests.live.service import Service
from tests.support.records import Records, new_company
from tests.support.sse import streaming

CHANGES = """subscription ($after: String, $types: [ChangeEventType!], $customerIds: [ID!]) {
  changes(after: $after, types: $types, customerIds: $customerIds) {
    cursor type subjectId version changedFields { field before after } subject { ... on Customer { name version } }
  }
}"""


async def test_a_change_arrives_with_the_object_as_it_is(service: Service, company: UUID, customer_id: UUID) -> None:
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "Nordlys Gruppen")
        event = await events.next()

    assert event is not None
    change = event.result["data"]["changes"]
    assert (event.name, event.id) == ("next", change.pop("cursor"))
    assert change == {
        "type": "CUSTOMER_UPDATED",
        "subjectId": str(customer_id),
        "version": 2,
        "changedFields": [{"field": "name", "before": "Nordlys", "after": "Nordlys Gruppen"}],
        "subject": {"name": "Nordlys Gruppen", "version": 2},
    }


async def test_a_stream_begins_after_its_cursor_and_goes_on_live(
    service: Service, company: UUID, customer_id: UUID
) -> None:
    await service.rename(company, customer_id, "A")
    await service.until_at(company, 1)
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "B")
        first = await events.change()
    await service.rename(company, customer_id, "C", "D")

    async with service.follow(company, CHANGES, after=first["cursor"]) as events:
        await service.rename(company, customer_id, "E")
        versions = [(await events.change())["version"] for _ in range(3)]

    assert (first["version"], versions) == (3, [4, 5, 6])


async def test_without_a_cursor_only_later_changes_arrive(service: Service, company: UUID, customer_id: UUID) -> None:
    await service.rename(company, customer_id, "A")
    await service.until_at(company, 1)
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "B")

        assert (await events.change())["version"] == 3


async def test_last_event_id_takes_precedence_over_the_argument(
    service: Service, company: UUID, customer_id: UUID
) -> None:
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    await service.rename(company, customer_id, "A", "B", "C")
    async with service.follow(company, CHANGES, after=begin) as events:
        second = [await events.change() for _ in range(2)][-1]
    headers = {**service.headers(company), "last-event-id": second["cursor"]}

    async with streaming(service.url, headers, CHANGES, {"after": begin}) as events:
        assert (await events.change())["version"] == 4


async def test_an_idle_stream_says_where_to_resume(service: Service, company: UUID, customer_id: UUID) -> None:
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "A")
        await events.next()
    async with service.follow(company, CHANGES, types=["CONTACT_CREATED"]) as events:
        await service.rename(company, customer_id, "B", "C")
        async with service.follow(company, CHANGES) as others:
            del others
        await events.comment()
        idle = events.last_id

    async with service.follow(company, CHANGES, after=idle) as events:
        assert (await events.change())["version"] == 3


async def test_types_and_customers_filter_changes_live_and_from_a_cursor(
    service: Service, company: UUID, records: Records, customer_id: UUID
) -> None:
    other = await records.customer(name="Other")
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    only: dict[str, Any] = {"types": ["CUSTOMER_UPDATED"], "customerIds": [str(customer_id)]}
    nothing: dict[str, Any] = {"types": []}
    async with (
        service.follow(company, CHANGES, **only) as live,
        service.follow(company, CHANGES, **nothing) as none,
    ):
        await service.rename(company, other, "X")
        await service.rename(company, customer_id, "A")
        assert (await live.change())["subjectId"] == str(customer_id)
        await service.rename(company, other, "Y")
        await service.rename(company, customer_id, "B")
        async with service.follow(company, CHANGES, after=begin, **only) as resumed:
            found = [(await resumed.change())["version"] for _ in range(2)]
        assert await none.comment() == ""

    assert found == [2, 3]


async def test_companies_never_see_each_others_changes(
    service: Service, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    foreign = await new_company(owner_engine)
    foreign_customer = await Records(owner_engine, foreign).customer()
    async with (
        service.follow(company, CHANGES) as own,
        service.follow(foreign, CHANGES) as theirs,
        service.follow(foreign, CHANGES, customerIds=[str(customer_id)]) as asking,
    ):
        await service.rename(company, customer_id, "A")
        await service.rename(foreign, foreign_customer, "B")
        seen = [(await events.change())["subjectId"] for events in (own, theirs)]
        cursor = (await service.ask(company, "{feedCursor}"))["feedCursor"]
        assert await asking.comment() == ""

    assert seen == [str(customer_id), str(foreign_customer)]
    async with streaming(service.url, service.headers(foreign), CHANGES, {"after": cursor}) as events:
        (rejected, complete) = await events.rest()
    assert rejected.result["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"
    assert complete.name == "complete"


READS = [Scope.CUSTOMERS_READ]
ACCOUNTS = """mutation ($number: String!) {
  upsertLedgerAccounts(input: {rows: [{number: $number, name: "Sales"}]}) { written errors { code } }
}"""


async def test_events_of_accounts_need_their_own_scope(service: Service, company: UUID, customer_id: UUID) -> None:
    async with service.follow(company, CHANGES, READS) as some, service.follow(company, CHANGES) as every:
        await service.ask(company, ACCOUNTS, number="4711")
        await service.rename(company, customer_id, "A")

        assert (await some.change())["type"] == "CUSTOMER_UPDATED"
        assert [(await every.change())["type"] for _ in range(2)] == ["LEDGER_ACCOUNT_CREATED", "CUSTOMER_UPDATED"]


REJECTED: list[tuple[str, dict[str, Any], list[Scope], str]] = [
    ("subscription {changes {id}}", {}, [Scope.CUSTOMERS_WRITE], "FORBIDDEN"),
    ("subscription {changes(types: [LEDGER_ACCOUNT_CREATED]) {id}}", {}, READS, "FORBIDDEN"),
    ("subscription {changes {subject {... on LedgerAccount {number}}}}", {}, READS, "FORBIDDEN"),
    (
        "subscription {changes {subject {... on LedgerAccount {name}}} other: changes {id}}",
        {},
        READS,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    (CHANGES, {"after": "x"}, READS, "INVALID_CURSOR"),
    (CHANGES, {"customerIds": ["x"]}, READS, "BAD_USER_INPUT"),
    (CHANGES, {"customerIds": ["0198c2f0-0000-7000-8000-000000000001"] * 101}, READS, "BAD_USER_INPUT"),
    (CHANGES, {"types": ["NOTHING"]}, READS, "BAD_USER_INPUT"),
    ("subscription {changes {nothing}}", {}, READS, "GRAPHQL_VALIDATION_FAILED"),
    ("subscription {", {}, READS, "GRAPHQL_PARSE_FAILED"),
    (
        "subscription {changes {subject {... on CustomerGroup {customers(first: 500) {nodes {contacts(first: 500) {id}}}}}}}",
        {},
        READS,
        "OPERATION_TOO_COMPLEX",
    ),
]


@pytest.mark.parametrize(("query", "variables", "scopes", "code"), REJECTED)
async def test_a_subscription_that_can_not_run_is_told_as_the_only_result(
    service: Service, company: UUID, query: str, variables: dict[str, Any], scopes: list[Scope], code: str
) -> None:
    async with streaming(service.url, service.headers(company, scopes), query, variables) as events:
        status = events.response.status_code
        told, complete = await events.rest()

    assert (status, complete.name, complete.data) == (200, "complete", "")
    assert [error["extensions"]["code"] for error in told.result["errors"]] == [code]
    assert "data" not in told.result


async def test_without_a_credential_no_stream_begins(service: Service) -> None:
    async with streaming(service.url, {}, CHANGES) as events:
        body = await events.response.aread()

    assert events.response.status_code == 401
    assert b'"UNAUTHENTICATED"' in body
