"""A GraphQL gateway for customer billing data."""

# The one place that says the version: the build reads it from here, and so does `--version`, with or without an
# installation.
__version__ = "0.1.0"
