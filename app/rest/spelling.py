"""The spelling of REST: amounts are numbers, and some enumerations are in lower case."""

from app.domain.customers import BillingRelationship, ConsolidationMode, VatZone
from app.domain.spelling import Spelling

REST = Spelling(
    {
        enumeration.__name__: {value.name: value.name.lower() for value in enumeration}
        for enumeration in (BillingRelationship, ConsolidationMode, VatZone)
    },
    decimals_as_numbers=True,
)
"""The spelling of the reference. Enumerations that it doesn't write in lower case are as in GraphQL."""
