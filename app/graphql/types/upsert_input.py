"""The input of upsertCustomers: a list of rows, and how to write it."""

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import dry_run, idempotency_key, on_refusal
from app.graphql.types.customer_input import ChangedCustomerFields
from app.graphql.types.enums import MatchKey, RejectionPolicy


@strawberry.input(
    description="A customer of another system. The field that `matchBy` names is the key and required (FIELD_REQUIRED)."
    " If a customer has the key, it is changed as by updateCustomer, and fields that are left out keep their"
    " values. Otherwise one is created as by createCustomer; then name, vatZone, customerGroupId,"
    " countryCode and defaultCurrency are required (FIELD_REQUIRED). Paths of errors begin with `input`,"
    " `rows` and the row's index, from 0."
)
class UpsertCustomerRow(ChangedCustomerFields):
    """One row of upsertCustomers."""


@strawberry.input(description="Customers to create or update.")
class UpsertCustomersInput:
    """Input of upsertCustomers."""

    rows: list[UpsertCustomerRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows with the same key are all rejected with"
        " FIELD_CONFLICT. Rows are checked in order, each against the result of the accepted rows before it."
    )
    match_by: MatchKey = strawberry.field(
        default=MatchKey.EXTERNAL_SYSTEM_ID, description="The key that finds the customer of a row."
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
