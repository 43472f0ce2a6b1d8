"""The input of upsertCustomerGroups: a list of rows, and how it is carried out."""

from decimal import Decimal

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import EXPECTED_VERSION_OF_ROW, FIELD_CODES, dry_run, idempotency_key, on_refusal
from app.graphql.types.enums import RejectionPolicy
from app.graphql.types.scalars import Metadata


@strawberry.input(
    description="A customer group of another system. With an `id`, that group is changed. Otherwise the number is the"
    " key and required (FIELD_REQUIRED): if a group has it, it is changed, and if none has it, one is created."
    " Fields that are left out keep their values. Paths of errors begin with `input`, `rows` and the row's index,"
    " from 0." + FIELD_CODES
)
class UpsertCustomerGroupRow:
    """One row of upsertCustomerGroups."""

    id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The group's id. CUSTOMER_GROUP_NOT_FOUND if it doesn't exist in the company."
    )
    number: Maybe[str | None] = strawberry.field(
        description="The group's number, 1 to 50 visible characters, unique in the company: beside an `id`,"
        " CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS if another group has it. Not null."
    )
    name: Maybe[str | None] = strawberry.field(
        description="The group's name, 1 to 255 characters. FIELD_REQUIRED for a new group. Not null."
    )
    discount: Maybe[Decimal | None] = strawberry.field(
        description="The discount of its customers, in percent, 0 to 100, at most two decimals. Default for a new"
        " group: 0. Not null."
    )
    account_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The id of the ledger account that its customers post to. LEDGER_ACCOUNT_NOT_FOUND if it doesn't"
        " exist in the company. FIELD_REQUIRED for a new group, unless `accountNumber` is given. Not null."
    )
    account_number: Maybe[str | None] = strawberry.field(
        description="The number of that ledger account, instead of `accountId` (FIELD_CONFLICT with both)."
        " LEDGER_ACCOUNT_NOT_FOUND if it doesn't exist in the company. Not null."
    )
    metadata: Maybe[Metadata | None] = strawberry.field(
        description="The whole metadata, which replaces the stored metadata, at most 50 entries"
        " (METADATA_LIMIT_EXCEEDED); `{}` removes it. Default for a new group: empty. Not null."
    )
    metadata_set: Maybe[Metadata | None] = strawberry.field(
        description="Metadata entries to add or replace, at most 50; others are kept. Not together with `metadata`"
        " (FIELD_CONFLICT). METADATA_LIMIT_EXCEEDED if the group would have more than 50. Not null."
    )
    metadata_unset: Maybe[list[str] | None] = strawberry.field(
        description="Keys of metadata entries to remove; missing keys are ignored. At most 500"
        " (METADATA_LIMIT_EXCEEDED), each of 1 to 128 visible characters (FIELD_INVALID). Not together with"
        " `metadata`, and without keys of `metadataSet` (FIELD_CONFLICT). Not null."
    )
    expected_version: Maybe[int | None] = strawberry.field(
        description=EXPECTED_VERSION_OF_ROW + " CUSTOMER_GROUP_NOT_FOUND if the row would create one."
    )


@strawberry.input(description="Customer groups to create or update.")
class UpsertCustomerGroupsInput:
    """What upsertCustomerGroups takes."""

    rows: list[UpsertCustomerGroupRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows for the same group or number are all"
        " rejected with FIELD_CONFLICT."
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
