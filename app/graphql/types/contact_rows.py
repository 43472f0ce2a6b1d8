"""The input of upsertContacts: a list of rows, and how it is carried out."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import EXPECTED_VERSION_OF_ROW, FIELD_CODES, dry_run, idempotency_key, on_refusal
from app.graphql.types.enums import ContactMatchKey, RejectionPolicy
from app.graphql.types.lookups import CustomerLookup

_KEY = " With `matchBy: {key}`, required in a row without an id (FIELD_REQUIRED)."


@strawberry.input(
    description="A contact of another system. With an `id`, that contact is changed. Otherwise `customer` and the"
    " field that `matchBy` names are the key and required (FIELD_REQUIRED): if one contact of the customer has it,"
    " it is changed; if none has it, one is created; if several have it, the row is rejected with FIELD_CONFLICT."
    " Fields that are left out keep their values. Paths of errors begin with `input`, `rows` and the row's index,"
    " from 0." + FIELD_CODES
)
class UpsertContactRow:
    """One row of upsertContacts."""

    id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The contact's id. CONTACT_NOT_FOUND if it doesn't exist in the company."
    )
    customer: Maybe[CustomerLookup | None] = strawberry.field(
        description="The customer that it belongs to, by one of its keys. CUSTOMER_NOT_FOUND if it doesn't exist in the"
        " company, FIELD_CONFLICT if the contact belongs to another customer. May be left out beside an `id`."
    )
    name: Maybe[str | None] = strawberry.field(
        description="The contact's name, 1 to 255 characters. FIELD_REQUIRED for a new contact. Not null."
        + _KEY.format(key="NAME")
    )
    is_default_for_customer: Maybe[bool | None] = strawberry.field(
        description="True: it becomes the customer's default contact and replaces the current one; in a list, only one"
        " contact of a customer may (FIELD_CONFLICT). False: it stops being the default; if the customer has others,"
        " another row must make one the default (DEFAULT_REQUIRED). Default for a new contact: false. Not null."
    )
    email: Maybe[str | None] = strawberry.field(
        description="The contact's email address, at most 254 characters; null or blank unsets it."
        + _KEY.format(key="EMAIL")
    )
    phone: Maybe[str | None] = strawberry.field(
        description="The contact's phone number, at most 255 characters; null or blank unsets it."
    )
    expected_version: Maybe[int | None] = strawberry.field(
        description=EXPECTED_VERSION_OF_ROW + " CONTACT_NOT_FOUND if the row would create one."
    )


@strawberry.input(description="Contacts to create or update.")
class UpsertContactsInput:
    """What upsertContacts takes."""

    rows: list[UpsertContactRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows for the same contact are all rejected"
        " with FIELD_CONFLICT."
    )
    match_by: ContactMatchKey = strawberry.field(
        default=ContactMatchKey.EMAIL,
        description="The key that finds the contact of a row without an id, among those of its customer.",
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
