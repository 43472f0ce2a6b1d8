"""The inputs of the mutations of customer groups."""

from decimal import Decimal

import strawberry

from app.graphql.types.controls import EXPECTED_VERSION, FIELD_CODES, IDEMPOTENCY_KEY
from app.graphql.types.scalars import Metadata


@strawberry.input(description="A customer group to create." + FIELD_CODES)
class CreateCustomerGroupInput:
    """Left out means the default."""

    number: str = strawberry.field(
        description="The group's number, 1 to 50 visible characters, unique in the company:"
        " CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS if another group has it."
    )
    name: str = strawberry.field(description="The group's name, 1 to 255 characters.")
    discount: strawberry.Maybe[Decimal | None] = strawberry.field(
        description="The discount of its customers, in percent, 0 to 100, at most two decimals; 0 unless sent. Not null."
    )
    account_id: strawberry.ID = strawberry.field(
        description="The ledger account that its customers post to."
        " LEDGER_ACCOUNT_NOT_FOUND if the company has none with this id."
    )
    metadata: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="Key-value metadata, at most 50 entries (METADATA_LIMIT_EXCEEDED); empty unless sent. Not null."
    )
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(
    description="What to change of a customer group. A field that is left out stays as it is." + FIELD_CODES
)
class UpdateCustomerGroupInput:
    """Left out means unchanged."""

    id: strawberry.ID = strawberry.field(
        description="The group's id. CUSTOMER_GROUP_NOT_FOUND if the company has none with it."
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
        description="The ledger account that its customers post to."
        " LEDGER_ACCOUNT_NOT_FOUND if the company has none with this id. Not null."
    )
    metadata: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="Key-value metadata that replaces all there is, at most 50 entries; `{}` removes it. Not null,"
        " and not together with `metadataSet` or `metadataUnset`."
    )
    metadata_set: strawberry.Maybe[Metadata | None] = strawberry.field(
        description="Single entries to add or replace, at most 50; the others stay. Not null."
    )
    metadata_unset: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="Keys of single entries to remove; one that is not there is no problem. At most 500"
        " (METADATA_LIMIT_EXCEEDED), each of 1 to 128 visible characters (FIELD_INVALID). Not null."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A customer group to remove.")
class DeleteCustomerGroupInput:
    """A group in use stays."""

    id: strawberry.ID = strawberry.field(
        description="The group's id. CUSTOMER_GROUP_NOT_FOUND if the company has none with it; CUSTOMER_GROUP_IN_USE,"
        " with the ids of at most 10 customers, while customers belong to it."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
