"""What is wrong with the settings."""


class SettingsError(Exception):
    """The environment holds settings that the service can't start with; a line for each problem, with its variable."""
