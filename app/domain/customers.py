"""What a customer's own fields may say."""

from enum import StrEnum


class CustomerType(StrEnum):
    """Whether a customer is a business or a private person."""

    BUSINESS = "BUSINESS"
    PRIVATE = "PRIVATE"


class VatZone(StrEnum):
    """How value-added tax applies to a customer."""

    DOMESTIC = "DOMESTIC"
    EU = "EU"
    ABROAD = "ABROAD"
    DOMESTIC_WITHOUT_VAT = "DOMESTIC_WITHOUT_VAT"


class BillingRelationship(StrEnum):
    """Who pays for a customer's subscriptions."""

    SELF = "SELF"
    PARENT_PAYS = "PARENT_PAYS"


class ConsolidationMode(StrEnum):
    """How a paying parent's invoices are put together."""

    SINGLE_INVOICE = "SINGLE_INVOICE"
    PER_CHILD_INVOICE = "PER_CHILD_INVOICE"


class PaymentTermType(StrEnum):
    """From which day the payment terms are counted."""

    NET = "NET"
    END_OF_MONTH = "END_OF_MONTH"
