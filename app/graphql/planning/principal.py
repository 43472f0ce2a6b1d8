"""JSON of what a credential determines, as the type Viewer shows it."""

from collections.abc import Callable

import orjson

from app.domain.identity import Principal
from app.graphql.types.scalars import moment_text

_SHOWN: dict[str, Callable[[Principal], object]] = {
    "subject": lambda principal: principal.subject,
    "expires_at": lambda principal: None if principal.expires_at is None else moment_text(principal.expires_at),
    "scopes": lambda principal: [scope.name for scope in sorted(principal.scopes)],
}
"""By the names of the type's attributes."""


def principal_json(principal: Principal, name: str) -> bytes:
    """Return one attribute of the principal. Raise TypeError if it can't be written in UTF-8."""
    return orjson.dumps(_SHOWN[name](principal))
