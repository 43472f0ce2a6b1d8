"""The command line of the service."""

from app.web.collector import paused_collector

with paused_collector():
    from app.cli.application import main

__all__ = ["main"]
