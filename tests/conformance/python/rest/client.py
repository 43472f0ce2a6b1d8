"""A client that knows the REST endpoints by its generated types alone: lists, writes, conditions and errors."""

import json
import os
import sys
from uuid import UUID

from generated import AuthenticatedClient
from generated.api.customers import create_customer, get_customer, list_contacts, list_customers, update_customer
from generated.models import (
    CreateCustomer,
    CreatedCustomer,
    Customer,
    Error,
    ListCustomersMetadata,
    Metadata,
    UpdateCustomer,
    UpdatedCustomer,
    VatZone,
)
from generated.types import Unset


def customer(name: str, group: UUID) -> CreateCustomer:
    """Return a customer to create."""
    return CreateCustomer(
        name=name,
        vat_zone=VatZone.DOMESTIC,
        customer_group_id=group,
        country_code="DK",
        default_currency="DKK",
        credit_limit=10.1,
        metadata=Metadata.from_dict({"seats": 5, "vip": True}),
    )


def codes_of(error: object) -> list[str]:
    """Return the codes of an error: its own, and those of the problems of its properties."""
    assert isinstance(error, Error), error
    problems = error.details.validation_errors
    listed = [] if isinstance(problems, Unset) else problems
    return [error.code, *(f"{one.property_}: {code}" for one in listed for code in one.constraints.to_dict())]


with AuthenticatedClient(os.environ["SERVICE_URL"], os.environ["SERVICE_TOKEN"]) as client:
    page = list_customers.sync(client=client, limit=2)
    assert isinstance(page, list)
    first = page[0]
    contacts = list_contacts.sync(first.id, client=client)
    assert isinstance(contacts, list)
    body = customer("From openapi-python-client", first.customer_group_id)
    made = create_customer.sync_detailed(client=client, body=body, idempotency_key="generated-1")
    again = create_customer.sync_detailed(client=client, body=body, idempotency_key="generated-1")
    assert isinstance(made.parsed, CreatedCustomer)
    assert isinstance(again.parsed, CreatedCustomer)
    read = get_customer.sync_detailed(made.parsed.id, client=client)
    assert isinstance(read.parsed, Customer)
    tag = read.headers["etag"]
    unchanged = get_customer.sync_detailed(made.parsed.id, client=client, if_none_match=tag)
    changes = UpdateCustomer(name="Renamed", phone=None)
    updated = update_customer.sync_detailed(made.parsed.id, client=client, body=changes, if_match=tag)
    assert isinstance(updated.parsed, UpdatedCustomer)
    stale = update_customer.sync(made.parsed.id, client=client, body=changes, if_match=tag)
    invalid = create_customer.sync(client=client, body=customer(" ", first.customer_group_id))
    unknown = get_customer.sync(UUID(int=0), client=client)
    # It doesn't know the style `deepObject`: it sends the keys as they are.
    small, whole = (ListCustomersMetadata.from_dict({key: "small"}) for key in ("segment", "metadata[segment]"))
    ignored = list_customers.sync(client=client, metadata=small)
    filtered = list_customers.sync(client=client, metadata=whole, limit=2)
    assert isinstance(filtered, list)

json.dump(
    {
        "names": [one.name for one in page],
        "contacts": len(contacts),
        "location": made.headers["location"] == f"customers/{made.parsed.id}",
        "same": again.parsed.id == made.parsed.id,
        "read": [read.parsed.name, read.parsed.vat_zone, read.parsed.credit_limit, read.parsed.metadata.to_dict()],
        "unchanged": unchanged.status_code,
        "updated": [updated.parsed.name, updated.headers["etag"].strip('"').partition("-")[0]],
        "errors": [codes_of(stale), codes_of(invalid), codes_of(unknown), codes_of(ignored)],
        "segments": [one.metadata["segment"] for one in filtered],
    },
    sys.stdout,
)
