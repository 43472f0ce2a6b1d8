"""What must be true of the settings before the service can start, for programs that check it without loading the service."""

from collections.abc import Callable

from app.settings import Settings
from app.web.jwks import keys_from_settings

SERVING_CHECKS: tuple[Callable[[Settings], object], ...] = (
    lambda settings: settings.service_dsn,
    keys_from_settings,
    Settings.trusted_documents,
)
"""For `load_settings`."""
