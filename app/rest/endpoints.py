"""The REST endpoints. Adding one is a document and a line."""

from dataclasses import dataclass
from typing import Literal

from app.rest.answers import One, Pages, Written
from app.rest.bodies import Body
from app.rest.parameters import Kind, Parameter


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: the document that answers it, and how a request becomes variables and an answer a body."""

    method: Literal["GET", "POST", "PATCH"]
    path: str
    document: str
    """The name of a file in `documents`. If it has a variable `$reads`, this is whether the credential may read."""
    shown: One | Pages | Written
    summary: str
    description: str
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None


_CUSTOMER_ID = Parameter("customerId", "path", "id", Kind.ID, "Customer ID")

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/customers/{customerId}",
        "customer",
        One("customer"),
        "Get a single customer",
        "Retrieves a customer by its unique identifier. Returns 404 when the customer does not exist (or belongs to"
        " another company).",
        (_CUSTOMER_ID,),
    ),
)
