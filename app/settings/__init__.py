"""All settings of the service, read once from the environment and frozen."""

from app.settings.environment import load_settings
from app.settings.errors import SettingsError
from app.settings.model import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
