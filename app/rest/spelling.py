"""The spelling of REST: amounts are numbers, and some enumerations are in lower case."""

from app.domain.customers import BillingRelationship, ConsolidationMode, VatZone
from app.domain.spelling import Spelling
from app.engine.operations import Operation
from app.engine.spelling import respelled
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable

REST = Spelling(
    {
        enumeration.__name__: {value.name: value.name.lower() for value in enumeration}
        for enumeration in (BillingRelationship, ConsolidationMode, VatZone)
    },
    decimals_as_numbers=True,
)
"""The spelling of the reference. Enumerations that it doesn't write in lower case are as in GraphQL."""


def in_rest(operation: Operation, body: bytes) -> bytes:
    """Return the JSON of a response that no plan has written in the spelling of REST, which the operation has."""
    return respelled(operation, executable(schema), body)
