"""`work`: the background work of a service with BACKGROUND_WORK=false, in a process of its own."""

import asyncio

from app.cli.serving import check_database
from app.db.pooling import Pooling
from app.settings import Settings, load_settings
from app.web.background import work as run
from app.web.logs import configure_logging


def work() -> None:
    """Give events positions, send webhooks and delete what is old, beside a service with BACKGROUND_WORK=false."""
    settings = load_settings(lambda settings: settings.service_dsn, Settings.trusted_documents)
    configure_logging(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    await check_database(settings.service_dsn, Pooling(settings.database_pooling))
    await run(settings)
