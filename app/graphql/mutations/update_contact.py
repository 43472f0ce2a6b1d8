"""The mutation updateContact."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import ContactPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.contact_input import UpdateContactInput
from app.services.contacts import CONTACTS, UpdateContactCommand


@strawberry.type(description="What updateContact did, or why it did nothing.")
class UpdateContactPayload(ContactPayload):
    """Payload of updateContact."""


@strawberry.field(
    description="Change a contact: only the fields that are sent. A new default replaces the current one. The default"
    " can only be given up if another one replaces it or there is no other. Needs customers-write.",
    graphql_type=UpdateContactPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def update_contact(
    info: Info,
    input: Annotated[UpdateContactInput, strawberry.argument(description="The changes.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Change a contact in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, UpdateContactCommand(fields)
    return MemberWritten(*await CONTACTS.update(context.unit_of_work, context.principal.subject, command, key))
