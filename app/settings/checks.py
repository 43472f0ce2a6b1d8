"""Rules for combinations of settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol


class Conflict(NamedTuple):
    """An invalid combination of settings."""

    variables: tuple[str, ...]
    """Names of the fields. If one of them is invalid by itself, the conflict isn't reported."""
    message: str


class Checked(Protocol):
    """The settings that the rules read."""

    @property
    def jwt_jwks_url(self) -> str | None: ...  # noqa: D102 - see the settings
    @property
    def jwt_public_key_file(self) -> Path | None: ...  # noqa: D102
    @property
    def jwt_issuer(self) -> str | None: ...  # noqa: D102
    @property
    def jwt_audience(self) -> str | None: ...  # noqa: D102
    @property
    def trusted_only(self) -> bool: ...  # noqa: D102
    @property
    def trusted_documents_file(self) -> Path | None: ...  # noqa: D102
    @property
    def max_representations(self) -> int: ...  # noqa: D102
    @property
    def max_input_items(self) -> int: ...  # noqa: D102


def conflicts_of(settings: Checked) -> Iterator[Conflict]:
    """Yield all conflicts."""
    if settings.jwt_jwks_url is not None and settings.jwt_public_key_file is not None:
        yield Conflict(("jwt_jwks_url", "jwt_public_key_file"), "set JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE, not both")
    keys = "jwt_jwks_url" if settings.jwt_public_key_file is None else "jwt_public_key_file"
    if settings.jwt_jwks_url is not None or settings.jwt_public_key_file is not None:
        for name, value in (("jwt_issuer", settings.jwt_issuer), ("jwt_audience", settings.jwt_audience)):
            if value is None:
                yield Conflict((name, keys), f"must be set if {keys.upper()} is, so that no other tokens are accepted")
    else:
        for name, value in (("jwt_issuer", settings.jwt_issuer), ("jwt_audience", settings.jwt_audience)):
            if value is not None:
                message = (
                    "is set without JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE, so no token would be accepted: set one,"
                    " or remove it"
                )
                yield Conflict((name, "jwt_jwks_url", "jwt_public_key_file"), message)
    if settings.trusted_only and settings.trusted_documents_file is None:
        message = "must be set if TRUSTED_ONLY is true: otherwise only the documents of the REST endpoints could run"
        yield Conflict(("trusted_documents_file", "trusted_only"), message)
    if settings.max_representations > settings.max_input_items:
        message = "must be at most MAX_INPUT_ITEMS, which counts representations as well"
        yield Conflict(("max_representations", "max_input_items"), message)
