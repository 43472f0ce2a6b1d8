"""The error for invalid settings."""


class SettingsError(Exception):
    """Invalid settings. The message has one line per problem, which starts with the variable."""
