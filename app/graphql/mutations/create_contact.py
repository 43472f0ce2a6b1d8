"""The mutation createContact."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.member_payloads import ContactPayload, MemberWritten, rejected
from app.graphql.permissions import Requires
from app.graphql.types.contact_input import CreateContactInput
from app.services.contacts import CONTACTS, CreateContactCommand


@strawberry.type(description="What createContact did, or why it did nothing.")
class CreateContactPayload(ContactPayload):
    """Payload of createContact."""


@strawberry.field(
    description="Create a contact of a customer. It becomes the default contact only if the input says so, and then"
    " replaces the current default. Needs customers-write.",
    graphql_type=CreateContactPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def create_contact(
    info: Info,
    input: Annotated[CreateContactInput, strawberry.argument(description="The contact to create.")],  # noqa: A002 - the schema's name
) -> MemberWritten:
    """Create a contact in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, CreateContactCommand(fields)
    return MemberWritten(*await CONTACTS.create(context.unit_of_work, context.principal.subject, command, key))
