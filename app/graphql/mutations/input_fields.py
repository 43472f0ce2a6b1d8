"""Split an input into its fields, which a service takes, and its idempotency key."""

from typing import Any, cast

from app.graphql.arguments import sent_fields


def fields_and_key(given: Any) -> tuple[dict[str, object], str | None]:
    """Return the fields of an input that were sent, by attribute, and the idempotency key."""
    sent = sent_fields(given)
    return sent, cast("str | None", sent.pop("idempotency_key", None))
