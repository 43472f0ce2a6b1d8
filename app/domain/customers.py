"""Enumerations of a customer's fields."""

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
    """How the invoices of a paying parent are grouped."""

    SINGLE_INVOICE = "SINGLE_INVOICE"
    PER_CHILD_INVOICE = "PER_CHILD_INVOICE"


class PaymentTermType(StrEnum):
    """The day from which payment terms are counted."""

    NET = "NET"
    END_OF_MONTH = "END_OF_MONTH"
