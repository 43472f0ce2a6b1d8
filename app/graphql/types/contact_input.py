"""The inputs of the mutations of contacts."""

import strawberry

from app.graphql.types.controls import EXPECTED_VERSION, FIELD_CODES, IDEMPOTENCY_KEY


@strawberry.input(description="A contact to create." + FIELD_CODES)
class CreateContactInput:
    """Input of a creation. Fields that are left out are empty."""

    customer_id: strawberry.ID = strawberry.field(
        description="The customer that the contact belongs to. CUSTOMER_NOT_FOUND if it doesn't exist in the company."
    )
    name: str = strawberry.field(description="The contact's name, 1 to 255 characters.")
    is_default_for_customer: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it becomes the customer's default contact and replaces the current one. Default: false,"
        " also for the first contact. Not null."
    )
    email: strawberry.Maybe[str | None] = strawberry.field(description="The email address, at most 254 characters.")
    phone: strawberry.Maybe[str | None] = strawberry.field(description="The phone number, at most 255 characters.")
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="The changes of a contact. A field that is left out keeps its value." + FIELD_CODES)
class UpdateContactInput:
    """Input of an update. Fields that are left out keep their values."""

    id: strawberry.ID = strawberry.field(
        description="The contact's id. CONTACT_NOT_FOUND if it doesn't exist in the company."
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        description="The contact's name, 1 to 255 characters. Not null."
    )
    is_default_for_customer: strawberry.Maybe[bool | None] = strawberry.field(
        description="True: it becomes the customer's default contact and replaces the current one. False: it stops"
        " being the default; if the customer has others, `newDefaultId` is required (DEFAULT_REQUIRED). Not null."
    )
    new_default_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The customer's contact that becomes the default; only together with `isDefaultForCustomer: false`."
        " CONTACT_NOT_FOUND if the customer has none with that id, FIELD_CONFLICT if the contact is not the"
        " default."
    )
    email: strawberry.Maybe[str | None] = strawberry.field(
        description="The email address, at most 254 characters; null or blank unsets it."
    )
    phone: strawberry.Maybe[str | None] = strawberry.field(
        description="The phone number, at most 255 characters; null or blank unsets it."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A contact to remove.")
class DeleteContactInput:
    """Input of a removal. The default can only be removed if it is the last, or if another one replaces it."""

    id: strawberry.ID = strawberry.field(
        description="The contact's id. CONTACT_NOT_FOUND if it doesn't exist in the company."
    )
    new_default_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The customer's contact that becomes the default. Required to remove the default while the customer"
        " has others (DEFAULT_REQUIRED). CONTACT_NOT_FOUND if the customer has none with that id,"
        " FIELD_CONFLICT if the contact to remove is not the default."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
