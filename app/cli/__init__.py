"""The command line of the service."""

from app.cli.application import main

__all__ = ["main"]
