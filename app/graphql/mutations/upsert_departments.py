"""The mutation upsertDepartments."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.department import Department
from app.graphql.types.department_rows import UpsertDepartmentRow, UpsertDepartmentsInput
from app.scheduling.pauses import paced
from app.services.upsert_departments import UpsertDepartmentsCommand
from app.services.upsert_departments import upsert_departments as upsert


@strawberry.type(description="The result of one row of a list of departments.")
class UpsertDepartmentsResult(UpsertedRow):
    """The result of a row."""

    department: Department | None = strawberry.field(
        description="The department in its current state; null if there is none. Without customers-read it is also"
        " null if the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type(description="What upsertDepartments did, row by row.")
class UpsertDepartmentsPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertDepartmentsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Synchronize departments with another system: create, update or keep each row of a list, in one"
    " transaction. Repeating a list that was written leaves every row UNCHANGED. Needs customers-write.",
    graphql_type=UpsertDepartmentsPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def upsert_departments(
    info: Info,
    input: Annotated[UpsertDepartmentsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """Create or change departments by a list of rows, in one transaction."""
    rows = [_row(row) async for row in paced(input.rows)]
    command = UpsertDepartmentsCommand(tuple(rows), input.on_refusal, input.dry_run, match_by=input.match_by)
    return await carry_out(info, upsert, command, input.idempotency_key)


def _row(given: UpsertDepartmentRow) -> dict[str, object]:
    fields = sent_fields(given)
    customer = fields.get("customer")
    return fields if customer is None else fields | {"customer": sent_fields(customer)}
