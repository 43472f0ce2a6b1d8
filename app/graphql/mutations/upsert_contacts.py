"""The mutation upsertContacts."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.contact import Contact
from app.graphql.types.contact_rows import UpsertContactRow, UpsertContactsInput
from app.scheduling.pauses import paced
from app.services.upsert_contacts import UpsertContactsCommand
from app.services.upsert_contacts import upsert_contacts as upsert


@strawberry.type(description="The result of one row of a list of contacts.")
class UpsertContactsResult(UpsertedRow):
    """The result of a row."""

    contact: Contact | None = strawberry.field(
        description="The contact in its current state; null if there is none. Without customers-read it is also null"
        " if the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type(description="What upsertContacts did, row by row.")
class UpsertContactsPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertContactsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Synchronize contacts with another system: create, update or keep each row of a list, in one"
    " transaction. Repeating a list that was written leaves every row UNCHANGED. Needs customers-write.",
    graphql_type=UpsertContactsPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def upsert_contacts(
    info: Info,
    input: Annotated[UpsertContactsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """Create or change contacts by a list of rows, in one transaction."""
    rows = [_row(row) async for row in paced(input.rows)]
    command = UpsertContactsCommand(tuple(rows), input.on_refusal, input.dry_run, match_by=input.match_by)
    return await carry_out(info, upsert, command, input.idempotency_key)


def _row(given: UpsertContactRow) -> dict[str, object]:
    fields = sent_fields(given)
    customer = fields.get("customer")
    return fields if customer is None else fields | {"customer": sent_fields(customer)}
