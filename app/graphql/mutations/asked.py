"""From an input to what a service takes: the fields that were sent, and the idempotency key."""

import dataclasses
from typing import Any, cast

from strawberry import Some


def asked(given: Any) -> tuple[dict[str, object], str | None]:
    """The fields of an input that were sent, by attribute, and apart from them the key."""
    sent = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    fields = {name: _value(value) for name, value in sent.items() if value is not None}
    return fields, cast("str | None", fields.pop("idempotency_key", None))


def _value(sent: object) -> object:
    return cast("Some[object]", sent).value if isinstance(sent, Some) else sent
