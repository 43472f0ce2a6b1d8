"""The mutation updateDepartment."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import DepartmentPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.department_input import UpdateDepartmentInput
from app.services.departments import DEPARTMENTS, UpdateDepartmentCommand


@strawberry.type(description="What updateDepartment did, or why it did nothing.")
class UpdateDepartmentPayload(DepartmentPayload):
    """Payload of updateDepartment."""


@strawberry.field(
    description="Change a department: only the fields that are sent. A new default replaces the current one. The"
    " default can only be given up if another one replaces it or there is no other. Needs customers-write.",
    graphql_type=UpdateDepartmentPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def update_department(
    info: Info,
    input: Annotated[UpdateDepartmentInput, strawberry.argument(description="The changes.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Change a department in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, UpdateDepartmentCommand(fields)
    return MemberWritten(*await DEPARTMENTS.update(context.unit_of_work, context.principal.subject, command, key))
