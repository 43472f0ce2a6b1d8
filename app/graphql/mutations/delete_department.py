"""The mutation deleteDepartment."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import DepartmentPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.department_input import DeleteDepartmentInput
from app.services.departments import DEPARTMENTS, DeleteDepartmentCommand


@strawberry.type(description="What deleteDepartment did, or why it did nothing.")
class DeleteDepartmentPayload(DepartmentPayload):
    """Payload of deleteDepartment."""


@strawberry.field(
    description="Remove a department. The default can only be removed if another one replaces it or there is no other."
    " Needs customers-write.",
    graphql_type=DeleteDepartmentPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def delete_department(
    info: Info,
    input: Annotated[DeleteDepartmentInput, strawberry.argument(description="The department to remove.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Remove a department in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, DeleteDepartmentCommand(fields)
    outcome, replayed = await DEPARTMENTS.delete(context.unit_of_work, context.principal.subject, command, key)
    return MemberWritten(outcome, replayed, is_removal=True)
