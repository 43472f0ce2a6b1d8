"""Cursors of the customer list: the last row's place in it, opaque to callers."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

Place = tuple[str, UUID]
"""The natural order of a customer's number, and its id."""

# No number's key is empty, so every customer comes after this.
START: Place = ("", UUID(int=0))


def encode(number_key: str, customer_id: UUID) -> str:
    """The cursor of a customer."""
    return urlsafe_b64encode(json.dumps([number_key, str(customer_id)]).encode()).decode()


def decode(cursor: str | None) -> Place:
    """Where a page begins: after the cursor's customer, or at the start."""
    if cursor is None:
        return START
    number_key, customer_id = json.loads(urlsafe_b64decode(cursor))
    return number_key, UUID(customer_id)
