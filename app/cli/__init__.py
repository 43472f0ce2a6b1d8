"""The commands that a person types."""

from app.cli.application import main

__all__ = ["main"]
