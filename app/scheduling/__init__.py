"""Shares the event loop, threads and other bounded resources between operations, fairly between companies."""
