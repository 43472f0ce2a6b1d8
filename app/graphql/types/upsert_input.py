"""The input of upsertCustomers: a list of rows, and how it is carried out."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import IDEMPOTENCY_KEY
from app.graphql.types.customer_input import ChangedCustomerFields
from app.graphql.types.enums import MatchKey, RefusalPolicy


@strawberry.input(
    description="A customer as another system has it. The field that `matchBy` names is the key, FIELD_REQUIRED where it"
    " is missing: the customer that has it is changed as by updateCustomer, a field that is left out staying as it is;"
    " if none has it, one is made as by createCustomer, for which name, vatZone, customerGroupId, countryCode and"
    " defaultCurrency are FIELD_REQUIRED. Paths of errors begin with `input`, `rows` and the row's place, from 0."
)
class UpsertCustomerRow(ChangedCustomerFields):
    """One row of upsertCustomers."""


@strawberry.input(description="Customers to create or to bring up to date.")
class UpsertCustomersInput:
    """What upsertCustomers takes."""

    rows: list[UpsertCustomerRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). No two may have the same key: all that do are"
        " refused with FIELD_CONFLICT. Rows are judged in their order, each on what the accepted rows before it leave."
    )
    match_by: MatchKey = strawberry.field(
        default=MatchKey.EXTERNAL_SYSTEM_ID, description="The key that finds the customer of a row."
    )
    on_refusal: RefusalPolicy = strawberry.field(
        default=RefusalPolicy.ALL_OR_NOTHING, description="What a refused row means for the others."
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether to decide everything and write nothing. A dry run uses up no idempotency key.",
    )
    idempotency_key: Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
