"""The inputs of createCustomer and updateCustomer. Each description states format, limits and codes."""

from decimal import Decimal

import strawberry
from strawberry import Maybe

from app.graphql.arguments import sent_fields
from app.graphql.types.controls import EXPECTED_VERSION, FIELD_CODES, idempotency_key
from app.graphql.types.enums import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.graphql.types.scalars import Metadata

_CLEARS = " Null or blank text unsets it."
_NUMBER = (
    " 1 to 50 visible characters, trimmed, case-sensitive; CUSTOMER_NUMBER_ALREADY_EXISTS if another customer, active"
    " or not, has it."
)
_MAP = (
    " At most 50 entries (METADATA_LIMIT_EXCEEDED); trimmed keys of 1 to 128 visible characters, values that are"
    " strings of at most 500 characters, finite numbers or booleans (METADATA_VALUE_INVALID). Not null."
)


@strawberry.input
class OptionalCustomerFields:
    """Optional fields, which creations, updates and upserts share."""

    customer_type: Maybe[CustomerType | None] = strawberry.field(
        description="Whether it is a business or a private person; BUSINESS if left out for a new customer. Not null."
    )
    email: Maybe[str | None] = strawberry.field(
        description="The email address; its syntax is checked, at most 254 characters." + _CLEARS
    )
    phone: Maybe[str | None] = strawberry.field(description="The phone number, at most 255 characters." + _CLEARS)
    address: Maybe[str | None] = strawberry.field(description="The street address, at most 255 characters." + _CLEARS)
    city: Maybe[str | None] = strawberry.field(description="The city, at most 255 characters." + _CLEARS)
    postal_code: Maybe[str | None] = strawberry.field(description="The postal code, at most 255 characters." + _CLEARS)
    vat_number: Maybe[str | None] = strawberry.field(
        description="The VAT registration number, free text of at most 255 characters." + _CLEARS
    )
    website: Maybe[str | None] = strawberry.field(
        description="The website's http or https URL, at most 255 characters." + _CLEARS
    )
    external_system_id: Maybe[str | None] = strawberry.field(
        description="The customer's id in another system: at most 255 visible characters, trimmed,"
        " case-sensitive;"
        " EXTERNAL_SYSTEM_ID_ALREADY_EXISTS if another customer, active or not, has it." + _CLEARS
    )
    notes: Maybe[str | None] = strawberry.field(description="Additional notes, at most 10,000 characters." + _CLEARS)
    credit_limit: Maybe[Decimal | None] = strawberry.field(
        description="The credit limit in the company's base currency: at least 0, at most 2 decimals and 13 digits"
        " before the point. Null unsets it."
    )
    opening_balance: Maybe[Decimal | None] = strawberry.field(
        description="The opening balance in the company's base currency: positive if the customer owes the company,"
        " negative if the company owes the customer; at most 2 decimals and 13 digits before the point. It"
        " replaces the stored balance. Null unsets it."
    )
    payment_terms: Maybe[int | None] = strawberry.field(
        description="The payment terms in days, 0 to 365. Null unsets them."
    )
    payment_term_type: Maybe[PaymentTermType | None] = strawberry.field(
        description="The day from which the payment terms are counted. Null unsets it."
    )
    is_active: Maybe[bool | None] = strawberry.field(
        description="Whether the customer is active; true if left out for a new customer. Not null."
        " CUSTOMER_HAS_ACTIVE_CHILDREN if it pays for active children."
    )
    parent_customer_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The id of the parent; null for no parent, which also sets the billing relationship to SELF if that"
        " is left out. PARENT_CUSTOMER_NOT_FOUND, PARENT_CUSTOMER_SELF_REFERENCE, PARENT_CUSTOMER_IS_CHILD,"
        " CUSTOMER_HAS_CHILDREN, PARENT_CUSTOMER_INACTIVE."
    )
    billing_relationship: Maybe[BillingRelationship | None] = strawberry.field(
        description="Who pays for its subscriptions; SELF if left out for a new customer. Not null."
        " PARENT_CUSTOMER_REQUIRED for PARENT_PAYS without a parent; PARENT_CURRENCY_MISMATCH under a parent"
        " that pays with a single invoice in another currency."
    )
    consolidation_mode: Maybe[ConsolidationMode | None] = strawberry.field(
        description="How the invoices of its children are combined; null for no mode. BILLING_DAY_REQUIRED for"
        " SINGLE_INVOICE without a billing day; CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD;"
        " PARENT_CURRENCY_MISMATCH."
    )
    billing_day: Maybe[int | None] = strawberry.field(
        description="The day of the month, 1 to 28, of the consolidated invoice; null for no day."
        " CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD."
    )
    include_child_details_pdf: Maybe[bool | None] = strawberry.field(
        name="includeChildDetailsPdf",
        description="Whether a zip of per-child detail PDFs goes with consolidated invoices; false if left out for a"
        " new customer. Not null.",
    )
    parent_invoice_template_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The id of the PDF template of the consolidated invoice, a UUID; null for the default template."
        " CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD."
    )


@strawberry.input(
    description="A new customer. A field that is left out is unset or gets the default in its description."
    + FIELD_CODES
)
class CreateCustomerInput(OptionalCustomerFields):
    """Input of createCustomer."""

    customer_number: Maybe[str | None] = strawberry.field(
        description="The customer number. Default: the number after the company's highest all-digit number."
        + _NUMBER
        + " Not null or blank."
    )
    name: str = strawberry.field(description="The name, 1 to 255 characters; FIELD_REQUIRED if it is blank.")
    vat_zone: VatZone = strawberry.field(description="How value-added tax applies.")
    customer_group_id: strawberry.ID = strawberry.field(
        description="The id of the customer group; CUSTOMER_GROUP_NOT_FOUND if it doesn't exist in the company."
    )
    country_code: str = strawberry.field(description="The country, two letters (ISO 3166-1 alpha-2), in either case.")
    default_currency: str = strawberry.field(
        description="The currency it is billed in, three letters (ISO 4217), in either case."
    )
    metadata: Maybe[Metadata | None] = strawberry.field(description="Key-value metadata to attach." + _MAP)
    idempotency_key: Maybe[str | None] = idempotency_key()


@strawberry.input(description="The acknowledgement that one active subscription will be moved.")
class SubscriptionTransitionInput:
    """One entry of subscriptionTransitions."""

    subscription_id: strawberry.ID = strawberry.field(description="The id of an active subscription of the customer.")


@strawberry.input
class ChangedCustomerFields(OptionalCustomerFields):
    """The fields that an update can change, of one customer or of a row of a list."""

    customer_number: Maybe[str | None] = strawberry.field(
        description="The customer number." + _NUMBER + " Not null or blank."
    )
    name: Maybe[str | None] = strawberry.field(description="The name, 1 to 255 characters. Not null or blank.")
    vat_zone: Maybe[VatZone | None] = strawberry.field(description="How value-added tax applies. Not null.")
    customer_group_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The id of the customer group; CUSTOMER_GROUP_NOT_FOUND if it doesn't exist in the company. Not"
        " null."
    )
    country_code: Maybe[str | None] = strawberry.field(
        description="The country, two letters (ISO 3166-1 alpha-2), in either case. Not null or blank."
    )
    default_currency: Maybe[str | None] = strawberry.field(
        description="The currency it is billed in, three letters (ISO 4217), in either case. Not null or blank."
        " PARENT_CURRENCY_MISMATCH if it differs from the currency of the single invoice that the customer"
        " is part of."
    )
    metadata: Maybe[Metadata | None] = strawberry.field(
        description="The whole metadata, which replaces the stored metadata; `{}` clears it." + _MAP
    )
    metadata_set: Maybe[Metadata | None] = strawberry.field(
        description="Metadata entries to add or replace; others are kept. Not together with `metadata`"
        " (FIELD_CONFLICT)." + _MAP
    )
    metadata_unset: Maybe[list[str] | None] = strawberry.field(
        description="Keys of metadata entries to remove; missing keys are ignored. At most 500"
        " (METADATA_LIMIT_EXCEEDED), each of 1 to 128 visible characters (FIELD_INVALID). Not together with"
        " `metadata`, and without keys of `metadataSet` (FIELD_CONFLICT). Not null."
    )
    subscription_transitions: Maybe[list[SubscriptionTransitionInput] | None] = strawberry.field(
        description="Required if the parent, billing relationship or consolidation mode changes: exactly the customer's"
        " active subscriptions (TRIAL, ACTIVE, PENDING_CANCELLATION), each once, at most 5,000"
        " (FIELD_TOO_LONG). SUBSCRIPTION_TRANSITIONS_REQUIRED, SUBSCRIPTION_TRANSITIONS_INCOMPLETE,"
        " SUBSCRIPTION_TRANSITIONS_UNKNOWN, SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE,"
        " SUBSCRIPTION_TRANSITIONS_DUPLICATE, SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED."
    )


@strawberry.input(
    description="The changes of a customer. A field that is left out always keeps its value." + FIELD_CODES
)
class UpdateCustomerInput(ChangedCustomerFields):
    """Input of updateCustomer."""

    id: strawberry.ID = strawberry.field(
        description="The id of the customer; CUSTOMER_NOT_FOUND if it doesn't exist in the company."
    )
    transition_digest: Maybe[str | None] = strawberry.field(
        description="The digest of a preview: the update books exactly what the preview showed, or is rejected with"
        " TRANSITION_CHANGED."
    )
    expected_version: Maybe[int | None] = strawberry.field(description=EXPECTED_VERSION)
    idempotency_key: Maybe[str | None] = idempotency_key()


_CONTROLS = frozenset({"id", "subscription_transitions", "transition_digest", "expected_version", "idempotency_key"})
"""Input fields that control the write and aren't stored in the customer."""


def given_fields(given: OptionalCustomerFields) -> dict[str, object]:
    """Return the fields of the customer that were sent, by attribute. Null is None; fields left out are missing."""
    return {name: value for name, value in sent_fields(given).items() if name not in _CONTROLS}
