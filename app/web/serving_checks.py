"""Checks of the settings that serving requires, for programs that run them without loading the service."""

from collections.abc import Callable

from app.settings import Settings
from app.web.jwks import keys_from_settings

SERVING_CHECKS: tuple[Callable[[Settings], object], ...] = (
    lambda settings: settings.service_dsn,
    keys_from_settings,
    Settings.trusted_documents,
)
"""The checks, as arguments of `load_settings`."""
