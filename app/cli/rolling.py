"""Rolling the due periods of the demo data while a command serves it."""

import asyncio
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from app.cli.owner import command_engine
from app.db.database import Database
from app.db.seed import demo_companies
from app.domain.errors import Rejected
from app.services.roll_periods import Rolled, roll_due_periods
from app.unavailable import DatabaseUnavailable, StatementTimeout

_WAIT_SECONDS = 3
"""Time that a start waits, in seconds. A day's periods take less; many months continue while the service runs."""
_STATEMENT_SECONDS = 60


@contextmanager
def rolling(owner_dsn: str, service_dsn: str) -> Generator[None]:
    """Roll the due periods of the demo companies in a thread; yield when that is done, or soon. End it on exit."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(_roll(owner_dsn, service_dsn))
    thread = threading.Thread(target=_run, args=(loop, task), name="rolling", daemon=True)
    thread.start()
    thread.join(_WAIT_SECONDS)
    try:
        yield
    finally:
        if thread.is_alive():
            # What is rolled already is committed; the next start goes on.
            loop.call_soon_threadsafe(task.cancel)
            thread.join()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        pass
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _roll(owner_dsn: str, service_dsn: str) -> None:
    started = time.monotonic()
    database = Database(
        service_dsn,
        pool_size=1,
        pool_timeout_seconds=_STATEMENT_SECONDS,
        statement_timeout_seconds=_STATEMENT_SECONDS,
    )
    try:
        async with command_engine(owner_dsn) as engine:
            companies = await demo_companies(engine)
        rolled = [await roll_due_periods(database, company_id) for company_id in companies]
    except (DatabaseUnavailable, StatementTimeout, Rejected) as error:
        _say(f"The demo data was not rolled to today, and the next start will try again: {error}")
    else:
        if any(company.messages for company in rolled):
            _say(_summary(rolled, time.monotonic() - started))
    finally:
        await database.dispose()


def _summary(rolled: list[Rolled], seconds: float) -> str:
    subscriptions = sum(len(company.subscriptions) for company in rolled)
    messages = sum(company.messages for company in rolled)
    return f"Rolled {subscriptions:,} demo subscriptions to today, with {messages:,} messages in {seconds:.1f} s."


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
