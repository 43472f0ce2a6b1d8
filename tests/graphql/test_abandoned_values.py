"""Values of loaders that nobody awaits any more, because a sibling failed or the operation ended."""

import asyncio
import gc
from typing import Any
from uuid import uuid4

import pytest

from app.db.database import Database
from app.db.read_session import SessionEnded
from app.graphql.loaders import Loaders


async def test_only_those_who_await_a_value_that_failed_hear_of_it(database: Database) -> None:
    session = database.session(uuid4())
    loader = Loaders(session).customer()
    logged: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logged.append(context))
    try:
        same, other = uuid4(), uuid4()
        values = [loader.load(key) for key in (same, same, other)]
        await session.end()
        with pytest.raises(SessionEnded):
            await values[0]
        # A value that failed before it is awaited fails as well.
        assert values[1].done()
        with pytest.raises(SessionEnded):
            await values[1]
        values.clear()
        gc.collect()
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)

    assert logged == []
