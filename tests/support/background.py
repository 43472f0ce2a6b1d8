"""Jobs that run while a test does something."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.background.job import Job
from app.background.runner import Background


@asynccontextmanager
async def background(*jobs: Job) -> AsyncGenerator[None]:
    """Run jobs until exit."""
    made = Background(jobs)
    made.start()
    try:
        yield
    finally:
        await made.stop()
