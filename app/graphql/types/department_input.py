"""The inputs of the mutations of departments."""

import strawberry

from app.graphql.types.controls import EXPECTED_VERSION, FIELD_CODES, IDEMPOTENCY_KEY


@strawberry.input(description="A department to create." + FIELD_CODES)
class CreateDepartmentInput:
    """Input of a creation. Fields that are left out are empty."""

    customer_id: strawberry.ID = strawberry.field(
        description="The customer that the department belongs to. CUSTOMER_NOT_FOUND if it doesn't exist in the"
        " company."
    )
    name: str = strawberry.field(description="The department's name, 1 to 255 characters.")
    is_default: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it becomes the customer's default department and replaces the current one. Default: false,"
        " also for the first department. Not null."
    )
    is_active: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is in use. Default: true. Not null."
    )
    po_number: strawberry.Maybe[str | None] = strawberry.field(
        description="The purchase order number for its invoices, at most 255 characters."
    )
    ean_number: strawberry.Maybe[str | None] = strawberry.field(
        description="The EAN for electronic invoicing: 13 digits, the last a check digit."
    )
    address: strawberry.Maybe[str | None] = strawberry.field(description="The street address, at most 255 characters.")
    city: strawberry.Maybe[str | None] = strawberry.field(description="The city, at most 255 characters.")
    postal_code: strawberry.Maybe[str | None] = strawberry.field(description="The postal code, at most 255 characters.")
    country_code: strawberry.Maybe[str | None] = strawberry.field(
        description="The country, two letters (ISO 3166-1 alpha-2), in either case."
    )
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="The changes of a department. A field that is left out keeps its value." + FIELD_CODES)
class UpdateDepartmentInput:
    """Input of an update. Fields that are left out keep their values."""

    id: strawberry.ID = strawberry.field(
        description="The department's id. DEPARTMENT_NOT_FOUND if it doesn't exist in the company."
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        description="The department's name, 1 to 255 characters. Not null."
    )
    is_default: strawberry.Maybe[bool | None] = strawberry.field(
        description="True: it becomes the customer's default department and replaces the current one. False: it stops"
        " being the default; if the customer has others, `newDefaultId` is required (DEFAULT_REQUIRED). Not"
        " null."
    )
    new_default_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The customer's department that becomes the default; only together with `isDefault: false`."
        " DEPARTMENT_NOT_FOUND if the customer has none with that id, FIELD_CONFLICT if the department is"
        " not the default."
    )
    is_active: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is in use; an inactive department is still listed and may be the default. Not null."
    )
    po_number: strawberry.Maybe[str | None] = strawberry.field(
        description="The purchase order number for its invoices, at most 255 characters; null or blank unsets it."
    )
    ean_number: strawberry.Maybe[str | None] = strawberry.field(
        description="The EAN for electronic invoicing: 13 digits, the last a check digit; null or blank unsets it."
    )
    address: strawberry.Maybe[str | None] = strawberry.field(
        description="The street address, at most 255 characters; null or blank unsets it."
    )
    city: strawberry.Maybe[str | None] = strawberry.field(
        description="The city, at most 255 characters; null or blank unsets it."
    )
    postal_code: strawberry.Maybe[str | None] = strawberry.field(
        description="The postal code, at most 255 characters; null or blank unsets it."
    )
    country_code: strawberry.Maybe[str | None] = strawberry.field(
        description="The country, two letters (ISO 3166-1 alpha-2), in either case; null or blank unsets it."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A department to remove.")
class DeleteDepartmentInput:
    """Input of a removal. The default can only be removed if it is the last, or if another one replaces it."""

    id: strawberry.ID = strawberry.field(
        description="The department's id. DEPARTMENT_NOT_FOUND if it doesn't exist in the company."
    )
    new_default_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The customer's department that becomes the default. Required to remove the default while the"
        " customer has others (DEFAULT_REQUIRED). DEPARTMENT_NOT_FOUND if the customer has none with that"
        " id, FIELD_CONFLICT if the department to remove is not the default."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
