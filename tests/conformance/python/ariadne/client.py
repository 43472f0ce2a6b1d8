"""A client that knows the service by its generated types alone: a page, a creation, and both kinds of errors."""

import json
import os
import sys
from decimal import Decimal

from generated import (
    Client,
    CreateCustomerInput,
    CustomerFilter,
    GraphQLClientGraphQLMultiError,
    VatZone,
)


def customer(name: str, group: str) -> CreateCustomerInput:
    """A customer to create."""
    return CreateCustomerInput(
        name=name,
        vatZone=VatZone.DOMESTIC,
        customerGroupId=group,
        countryCode="DK",
        defaultCurrency="DKK",
        creditLimit=Decimal("10.10"),
        metadata={"seats": 5, "vip": True},
    )


with Client(os.environ["SERVICE_URL"], {"Authorization": os.environ["SERVICE_AUTHORIZATION"]}) as client:
    page = client.page(first=2, where=CustomerFilter(namePrefix="Nordlys")).customers
    assert page is not None
    first = page.nodes[0]
    made = client.create(customer("From ariadne-codegen", first.group.id)).create_customer
    refused = client.create(customer("", first.group.id)).create_customer
    # One that fails is null, and the client raises its error.
    assert made is not None
    assert refused is not None
    try:
        client.broken()
        codes: list[object] = []
    except GraphQLClientGraphQLMultiError as error:
        codes = [(problem.extensions or {})["code"] for problem in error.errors]

json.dump(
    {
        "names": [node.name for node in page.nodes],
        "types": [type(first.created_at).__name__, type(first.credit_limit).__name__],
        "made": made.model_dump(mode="json"),
        "refused": [error.model_dump(mode="json", by_alias=True) for error in refused.errors],
        "codes": codes,
    },
    sys.stdout,
)
