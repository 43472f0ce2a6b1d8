"""The mutation createDepartment."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import DepartmentPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.department_input import CreateDepartmentInput
from app.services.departments import DEPARTMENTS, CreateDepartmentCommand


@strawberry.type(description="What createDepartment did, or why it did nothing.")
class CreateDepartmentPayload(DepartmentPayload):
    """Payload of createDepartment."""


@strawberry.field(
    description="Create a department of a customer. It becomes the default department only if the input says so, and"
    " then replaces the current default. Needs customers-write.",
    graphql_type=CreateDepartmentPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def create_department(
    info: Info,
    input: Annotated[CreateDepartmentInput, strawberry.argument(description="The department to create.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Create a department in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, CreateDepartmentCommand(fields)
    return MemberWritten(*await DEPARTMENTS.create(context.unit_of_work, context.principal.subject, command, key))
