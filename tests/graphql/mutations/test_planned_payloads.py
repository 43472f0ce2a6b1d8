"""What a payload shows is read by one statement, and field by field if that can't be."""

from typing import Any

import pytest
from graphql import ExecutionResult
from strawberry.execution.is_awaitable import optimized_is_awaitable

from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine, Outcome
from app.engine.plans import Execution, Plans
from app.graphql.context import Context
from app.graphql.planning.planner import Planner
from app.graphql.rules import Rules
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists
from app.unavailable import Cause, DatabaseUnavailable
from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.toy import LIMITS

ENGINE = Engine(
    executable(schema),
    LIMITS,
    cache_size=20,
    executor_class=schema.execution_context_class,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - Strawberry leaves it open
    is_awaitable=optimized_is_awaitable,
    plans=Plans(Planner(schema, statements=20)),
    guard=Rules(executable(schema)),
)
DETAIL = """mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) {
  customer { id version group { name } contacts { id name } history { totalCount } } changedFields errors { code }
} }"""


async def run(caller: Caller, document: str, given: dict[str, Any]) -> tuple[Outcome, ExecutionResult, int]:
    """The outcome of a mutation, its result, and the number of its statements."""
    principal = Principal(caller.company_id, "tester", frozenset(caller.scopes), None)
    async with Context(caller.database, RecentLists(seconds=0, size=0), principal) as context:
        outcome = await ENGINE.run(ENGINE.prepare(document).select(None), {"input": given}, context)
        assert isinstance(outcome.answer, ExecutionResult)
        return outcome, outcome.answer, context.statements


async def written_by(caller: Caller, given: dict[str, Any]) -> int:
    """The number of statements of an update that shows nothing."""
    document = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { code } } }"
    _, _, statements = await run(caller, document, given)
    return statements


async def test_whatever_a_payload_shows_is_one_statement(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    await records.contact(customer)
    alone = await written_by(caller, {"id": str(customer), "name": "First"})

    outcome, result, statements = await run(caller, DETAIL, {"id": str(customer), "name": "Second"})

    assert (outcome.execution, result.errors, statements) == (Execution.PLANNED, None, alone + 1)


async def test_objects_without_edges_need_no_statement(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    alone = await written_by(caller, {"id": str(customer), "name": "First"})
    document = DETAIL.replace("group { name } contacts { id name } history { totalCount }", "__typename name metadata")

    outcome, result, statements = await run(caller, document, {"id": str(customer), "name": "Second"})

    assert (outcome.execution, statements) == (Execution.PLANNED, alone)
    assert result.data is not None
    shown: dict[str, Any] = {
        "id": str(customer),
        "version": 3,
        "__typename": "Customer",
        "name": "Second",
        "metadata": {},
    }
    assert result.data["updateCustomer"]["customer"] == shown


async def test_an_invalid_argument_is_an_error_of_its_field(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    document = DETAIL.replace("contacts {", "contacts(first: 501) {")

    outcome, result, _ = await run(caller, document, {"id": str(customer), "name": "Second"})

    assert outcome.execution is Execution.FIELDS
    assert [error.path for error in result.errors or ()] == [["updateCustomer", "customer", "contacts"]]
    assert result.data == {"updateCustomer": {"customer": None, "changedFields": ["name"], "errors": []}}


async def test_a_statement_that_fails_is_repeated_field_by_field(
    caller: Caller, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await records.customer()

    async def fail(*_arguments: object, **_named: object) -> None:
        msg = "a value that can't be written"
        raise ValueError(msg)

    monkeypatch.setattr(Database, "row", fail)
    outcome, result, _ = await run(caller, DETAIL, {"id": str(customer), "name": "Second"})

    assert (outcome.execution, result.errors) == (Execution.REPEATED, None)
    assert result.data is not None
    assert result.data["updateCustomer"]["customer"]["history"] == {"totalCount": 1}


async def test_an_unavailable_database_is_an_error_of_each_edge_with_what_was_written(
    caller: Caller, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await records.customer()
    alone = await written_by(caller, {"id": str(customer), "name": "First"})

    async def fail(*_arguments: object, **_named: object) -> None:
        raise DatabaseUnavailable(Cause.NO_ANSWER_IN_TIME)

    monkeypatch.setattr(Database, "row", fail)
    document = DETAIL.replace("group { name }", "").replace("contacts {", "parent { id } contacts {")
    outcome, result, statements = await run(caller, document, {"id": str(customer), "name": "Second"})

    assert outcome.execution is Execution.FIELDS
    # Nothing but the plan's own statement was sent after the write.
    assert statements == alone + 1
    assert result.data == {"updateCustomer": {"customer": None, "changedFields": ["name"], "errors": []}}
    error = (result.errors or [])[0]
    assert error.path is not None
    assert error.path[:2] == ["updateCustomer", "customer"]
    assert isinstance(error.original_error, DatabaseUnavailable)
    assert (error.extensions or {})["written"] == {
        "type": "Customer",
        "id": str(customer),
        "version": 3,
        "customerNumber": (await caller.data(f'{{customer(by: {{id: "{customer}"}}) {{customerNumber}}}}'))["customer"][
            "customerNumber"
        ],
    }


async def test_objects_that_were_not_written_stay_hidden_from_who_may_only_write(
    database: Database, caller: Caller, records: Records
) -> None:
    customer = await records.customer(name="Same")
    writer = Caller(database, caller.company_id, [Scope.CUSTOMERS_WRITE])
    document = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { name } } }"

    unchanged, changed = [
        await run(writer, document, {"id": str(customer), "name": name}) for name in ("Same", "Another")
    ]

    assert unchanged[1].data == {"updateCustomer": {"customer": None}}
    assert changed[1].data == {"updateCustomer": {"customer": {"name": "Another"}}}
