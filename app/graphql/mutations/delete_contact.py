"""The mutation deleteContact."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import ContactPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.contact_input import DeleteContactInput
from app.services.contacts import CONTACTS, DeleteContactCommand


@strawberry.type(description="What deleteContact did, or why it did nothing.")
class DeleteContactPayload(ContactPayload):
    """Payload of deleteContact."""


@strawberry.field(
    description="Remove a contact. The default can only be removed if another one replaces it or there is no other."
    " Needs customers-write.",
    graphql_type=DeleteContactPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def delete_contact(
    info: Info,
    input: Annotated[DeleteContactInput, strawberry.argument(description="The contact to remove.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Remove a contact in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, DeleteContactCommand(fields)
    outcome, replayed = await CONTACTS.delete(context.unit_of_work, context.principal.subject, command, key)
    return MemberWritten(outcome, replayed, is_removal=True)
