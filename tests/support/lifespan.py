"""Start and shut down an application without a server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Message

from tests.support.logging_state import logging_restored


@asynccontextmanager
async def lifespan_of(app: ASGIApp) -> AsyncGenerator[None]:
    """Start the application, and shut it down on exit. Logging, which it configures, is as before then."""
    told, answered = asyncio.Queue[Message](), asyncio.Queue[Message]()

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, told.get, answered.put)

    with logging_restored():
        life = asyncio.create_task(live())
        await told.put({"type": "lifespan.startup"})
        assert (await answered.get())["type"] == "lifespan.startup.complete"
        try:
            yield
        finally:
            await told.put({"type": "lifespan.shutdown"})
            await life
