"""Measure what small queries notice of a flood of other requests."""

import asyncio

from tests.support.served import Served, post

AT_ONCE = 64
"""Number of requests of a flood."""
SMALL = {"query": "{ customers(first: 1) { nodes { id } } }"}
"""A small query."""


async def waits_of_another(running: Served, headers: dict[str, str], over: asyncio.Event) -> tuple[list[float], float]:
    """Return how long small queries took until an event, and the most memory of the service meanwhile.

    How long is told in CPU time of the service: that is how long they take on a machine that has nothing else to do.
    """
    waits, memory = list[float](), 0.0
    while not over.is_set():
        begun = running.cpu_seconds()
        _, status, _ = await post(running.port, headers, SMALL)
        assert status == 200
        waits.append(running.cpu_seconds() - begun)
        memory = max(memory, running.memory_mb())
        await asyncio.sleep(0.005)
    return waits, memory
