"""The inputs that narrow and sort lists of customers."""

from typing import Annotated, Optional

import strawberry

from app.graphql.types.enums import (
    BillingRelationship,
    ConsolidationMode,
    CustomerSort,
    CustomerType,
    OrderDirection,
    SubscriptionStatus,
    VatZone,
)
from app.graphql.types.ranges import DateTimeRange
from app.graphql.types.scalars import MetadataValue


@strawberry.input(description="A metadata pair to search for: the key with exactly this value.")
class MetadataPairInput:
    """One pair of a metadata filter."""

    key: str = strawberry.field(description="The key, 1 to 128 visible characters, trimmed, case-sensitive.")
    value: MetadataValue = strawberry.field(
        description='The value; numbers and booleans are compared by their text: `5`, `5.0` and `"5"` are the same.'
    )


@strawberry.input(
    description="Conditions on a customer. All given conditions must be met. A condition that is left out is ignored,"
    " null means that the field is unset, and an empty list of ids or numbers matches nothing. A filter holds at most"
    " 50 conditions, including those of nested filters; each `and`, `or` and `not` is one as well."
)
class CustomerFilter:
    """Conditions on customers, which app/graphql/conditions.py reads."""

    and_: strawberry.Maybe[list["CustomerFilter"] | None] = strawberry.field(
        name="and", description="All of these filters match, at most 50; an empty list always matches."
    )
    or_: strawberry.Maybe[list["CustomerFilter"] | None] = strawberry.field(
        name="or", description="At least one of these filters matches, at most 50; an empty list never matches."
    )
    not_: strawberry.Maybe[Optional["CustomerFilter"]] = strawberry.field(
        name="not", description="This filter doesn't match."
    )
    ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="The id is one of these, at most 500."
    )
    customer_number: strawberry.Maybe[str | None] = strawberry.field(description="Exactly this customer number.")
    customer_numbers: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="The customer number is exactly one of these, at most 500."
    )
    external_system_id: strawberry.Maybe[str | None] = strawberry.field(
        description="Exactly this external system id, case-sensitive; null: unset."
    )
    external_system_ids: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="The external system id is exactly one of these, at most 500, case-sensitive."
    )
    metadata: strawberry.Maybe[list[MetadataPairInput] | None] = strawberry.field(
        description="The metadata has all of these pairs, at most 10. More are rejected with"
        " METADATA_FILTER_LIMIT_EXCEEDED."
    )
    customer_group_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description="In this customer group.")
    parent_customer_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="A child of this customer; null: not a child."
    )
    has_parent: strawberry.Maybe[bool | None] = strawberry.field(description="Whether it is a child.")
    is_active: strawberry.Maybe[bool | None] = strawberry.field(description="Whether it is active.")
    customer_type: strawberry.Maybe[CustomerType | None] = strawberry.field(description="Of this type.")
    country_code: strawberry.Maybe[str | None] = strawberry.field(
        description="In this country, two letters (ISO 3166-1 alpha-2), in either case."
    )
    city: strawberry.Maybe[str | None] = strawberry.field(
        description="In exactly this city, ignoring case and how letters are composed; null: unset."
    )
    postal_code: strawberry.Maybe[str | None] = strawberry.field(
        description="With exactly this postal code, ignoring case and how letters are composed; null: unset."
    )
    email: strawberry.Maybe[str | None] = strawberry.field(
        description="With exactly this email address, ignoring case and how letters are composed; null: unset."
    )
    vat_number: strawberry.Maybe[str | None] = strawberry.field(
        description="With exactly this VAT number, ignoring case and how letters are composed; null: unset. Spaces and"
        " punctuation count; `search` finds a number by its parts."
    )
    vat_zone: strawberry.Maybe[VatZone | None] = strawberry.field(description="Of this VAT zone.")
    default_currency: strawberry.Maybe[str | None] = strawberry.field(
        description="Billed in this currency, three letters (ISO 4217), in either case."
    )
    billing_relationship: strawberry.Maybe[BillingRelationship | None] = strawberry.field(
        description="With this billing relationship."
    )
    consolidation_mode: strawberry.Maybe[ConsolidationMode | None] = strawberry.field(
        description="With this consolidation mode; null: unset."
    )
    subscription_status: strawberry.Maybe[SubscriptionStatus | None] = strawberry.field(
        description="With at least one subscription of this status."
    )
    contact_email: strawberry.Maybe[str | None] = strawberry.field(
        description="With a contact who has exactly this email address, ignoring case and how letters are composed."
    )
    created_at: strawberry.Maybe[DateTimeRange | None] = strawberry.field(
        description="Created in this range. Sort by CREATED_AT to page through a long range without delay."
    )
    updated_at: strawberry.Maybe[DateTimeRange | None] = strawberry.field(
        description="Last changed in this range. Sort by UPDATED_AT to page through a long range without delay."
        " Changes of contacts, departments and subscriptions don't count."
    )
    name_prefix: strawberry.Maybe[str | None] = strawberry.field(
        description="The name begins with this, ignoring case and how letters are composed."
    )
    search: strawberry.Maybe[str | None] = strawberry.field(
        description="Each of these words, at most 10, begins a word of the number, name, email, VAT number or"
        " external system id, ignoring case and how letters are composed. Words are separated by white space and"
        " punctuation of any script; a symbol, such as an emoji, is a word. Text without words is ignored, and so is"
        " null."
    )


@strawberry.input(description="A field to sort by.")
class CustomerOrder:
    """One field to sort customers by, and its direction."""

    field: CustomerSort = strawberry.field(description="What to sort by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Ascending or descending.")


Where = Annotated[CustomerFilter | None, strawberry.argument(description="Only customers that meet these conditions.")]
OrderBy = Annotated[
    list[CustomerOrder] | None,
    strawberry.argument(
        description="The fields to sort by, at most 3. Default: the customer number. Equal rows are sorted by id."
    ),
]
