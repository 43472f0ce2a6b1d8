"""The codes that only REST answers have."""

from enum import StrEnum


class RestCode(StrEnum):
    """The `code` of an error."""

    VALIDATION_FAILED = "SHARED_VALIDATION_FAILED"
    """The request has problems, which `details.validationErrors` lists."""
    INSUFFICIENT_PERMISSIONS = "INSUFFICIENT_PERMISSIONS"
    """The credential lacks scopes, which `details.missingScopes` lists."""
