"""The inputs of the mutations of customer groups."""

from decimal import Decimal

import strawberry

from app.graphql.types.controls import EXPECTED_VERSION, FIELD_CODES, IDEMPOTENCY_KEY
from app.graphql.types.scalars import Metadata


@strawberry.input(description="A customer group to create." + FIELD_CODES)
class CreateCustomerGroupInput:
    """Input of a creation. Fields that are left out get their defaults."""

    number: str = strawberry.field(
        description="The group's number, 1 to 50 visible characters, unique in the company:"
        " CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS if another group has it."
    )
    name: str = strawberry.field(description="The group's name, 1 to 255 characters.")
    discount: strawberry.Maybe[Decimal | None] = strawberry.field(
        description="The discount of its customers, in percent, 0 to 100, at most two decimals. Default: 0. Not null."
    )
    account_id: strawberry.ID = strawberry.field(
        description="The ledger account that its customers post to. LEDGER_ACCOUNT_NOT_FOUND if it doesn't exist in the"
        " company."
    )
    metadata: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="Key-value metadata, at most 50 entries (METADATA_LIMIT_EXCEEDED). Default: empty. Not null."
    )
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(
    description="The changes of a customer group. A field that is left out keeps its value." + FIELD_CODES
)
class UpdateCustomerGroupInput:
    """Input of an update. Fields that are left out keep their values."""

    id: strawberry.ID = strawberry.field(
        description="The group's id. CUSTOMER_GROUP_NOT_FOUND if it doesn't exist in the company."
    )
    number: strawberry.Maybe[str | None] = strawberry.field(
        description="The group's number, 1 to 50 visible characters, unique in the company:"
        " CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS if another group has it. Not null."
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        description="The group's name, 1 to 255 characters. Not null."
    )
    discount: strawberry.Maybe[Decimal | None] = strawberry.field(
        description="The discount of its customers, in percent, 0 to 100, at most two decimals. Not null."
    )
    account_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The ledger account that its customers post to. LEDGER_ACCOUNT_NOT_FOUND if it doesn't exist in the"
        " company. Not null."
    )
    metadata: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="The whole metadata, which replaces the stored metadata, at most 50 entries; `{}` removes it. Not"
        " null, and not together with `metadataSet` or `metadataUnset`."
    )
    metadata_set: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="Metadata entries to add or replace, at most 50; others are kept. Not null."
    )
    metadata_unset: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="Keys of metadata entries to remove; missing keys are ignored. At most 500"
        " (METADATA_LIMIT_EXCEEDED), each of 1 to 128 visible characters (FIELD_INVALID). Not null."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A customer group to remove.")
class DeleteCustomerGroupInput:
    """Input of a removal. A group that has customers can't be removed."""

    id: strawberry.ID = strawberry.field(
        description="The group's id. CUSTOMER_GROUP_NOT_FOUND if it doesn't exist in the company;"
        " CUSTOMER_GROUP_IN_USE, with the ids of at most 10 customers, while customers belong to it."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
