"""The input of upsertDepartments: a list of rows, and how it is carried out."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import EXPECTED_VERSION_OF_ROW, FIELD_CODES, dry_run, idempotency_key, on_refusal
from app.graphql.types.enums import DepartmentMatchKey, RejectionPolicy
from app.graphql.types.lookups import CustomerLookup

_KEY = " With `matchBy: {key}`, required in a row without an id (FIELD_REQUIRED)."


@strawberry.input(
    description="A department of another system. With an `id`, that department is changed. Otherwise `customer` and"
    " the field that `matchBy` names are the key and required (FIELD_REQUIRED): if one department of the customer"
    " has it, it is changed; if none has it, one is created; if several have it, the row is rejected with"
    " FIELD_CONFLICT. Fields that are left out keep their values. Paths of errors begin with `input`, `rows` and the"
    " row's index, from 0." + FIELD_CODES
)
class UpsertDepartmentRow:
    """One row of upsertDepartments."""

    id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The department's id. DEPARTMENT_NOT_FOUND if it doesn't exist in the company."
    )
    customer: Maybe[CustomerLookup | None] = strawberry.field(
        description="The customer that it belongs to, by one of its keys. CUSTOMER_NOT_FOUND if it doesn't exist in the"
        " company, FIELD_CONFLICT if the department belongs to another customer. May be left out beside an `id`."
    )
    name: Maybe[str | None] = strawberry.field(
        description="The department's name, 1 to 255 characters. FIELD_REQUIRED for a new department. Not null."
        + _KEY.format(key="NAME")
    )
    is_default: Maybe[bool | None] = strawberry.field(
        description="True: it becomes the customer's default department and replaces the current one; in a list, only"
        " one department of a customer may (FIELD_CONFLICT). False: it stops being the default; if the customer has"
        " others, another row must make one the default (DEFAULT_REQUIRED). Default for a new department: false. Not"
        " null."
    )
    is_active: Maybe[bool | None] = strawberry.field(
        description="Whether it is in use. Default for a new department: true. Not null."
    )
    po_number: Maybe[str | None] = strawberry.field(
        description="The purchase order number for its invoices, at most 255 characters; null or blank unsets it."
    )
    ean_number: Maybe[str | None] = strawberry.field(
        description="The EAN for electronic invoicing: 13 digits, the last a check digit; null or blank unsets it."
        + _KEY.format(key="EAN_NUMBER")
    )
    address: Maybe[str | None] = strawberry.field(
        description="The street address, at most 255 characters; null or blank unsets it."
    )
    city: Maybe[str | None] = strawberry.field(description="The city, at most 255 characters; null or blank unsets it.")
    postal_code: Maybe[str | None] = strawberry.field(
        description="The postal code, at most 255 characters; null or blank unsets it."
    )
    country_code: Maybe[str | None] = strawberry.field(
        description="The country, two letters (ISO 3166-1 alpha-2), in either case; null or blank unsets it."
    )
    expected_version: Maybe[int | None] = strawberry.field(
        description=EXPECTED_VERSION_OF_ROW + " DEPARTMENT_NOT_FOUND if the row would create one."
    )


@strawberry.input(description="Departments to create or update.")
class UpsertDepartmentsInput:
    """What upsertDepartments takes."""

    rows: list[UpsertDepartmentRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows for the same department are all rejected"
        " with FIELD_CONFLICT."
    )
    match_by: DepartmentMatchKey = strawberry.field(
        default=DepartmentMatchKey.NAME,
        description="The key that finds the department of a row without an id, among those of its customer.",
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
