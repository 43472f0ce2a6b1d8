"""Mutations that are committed when the grace period of a server is over: they are answered with what was written."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.read_session import ReadSession
from app.settings import Settings
from app.web.application import create_app
from app.web.development import DevelopmentKeys
from app.web.server import Server
from tests.support.lifespan import lifespan_of
from tests.support.listening import Reply, listening, wired
from tests.support.lock_waits import lock_waits
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.started import headers_of, settings_of

CREATE = """
mutation ($a: CreateCustomerInput!) {
  a: createCustomer(input: $a) { customer { id contacts { id } } errors { code } }
}
"""


@asynccontextmanager
async def contacts_locked(engine: AsyncEngine) -> AsyncGenerator[None]:
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE"))
        yield


async def stopped(dsn: str, folder: Path, company: UUID, engine: AsyncEngine, group: UUID) -> Reply:
    """The answer to a creation whose payload is being read when a server ends that gives it a second."""
    keys = DevelopmentKeys(folder / "keys")
    app = create_app(Settings.model_validate(settings_of(dsn, keys)))
    body = json.dumps({"query": CREATE, "variables": {"a": new_customer_input(group, name="First")}}).encode()
    headers = {
        **headers_of(keys, company),
        "content-type": "application/json",
        "host": "localhost",
        "content-length": len(body),
    }
    head = "\r\n".join(["POST /graphql HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""])
    async with lifespan_of(app), AsyncExitStack() as stack:
        async with listening(app) as port:
            wire = await stack.enter_async_context(wired(port))
            await wire.send(head.encode() + body)
            # Its payload is being read.
            await lock_waits(engine)
        return await wire.reply()


def check(reply: Reply) -> None:
    answer: dict[str, Any] = reply.json()
    assert (reply.status, answer["data"]) == (200, {"a": {"customer": None, "errors": []}}), answer
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "TIMEOUT"
    assert error["extensions"]["written"]["version"] == 1
    assert "don't repeat the change" in error["message"]


async def test_a_payload_that_is_being_read_at_the_end_says_what_was_written(
    service_dsn: str, company: UUID, owner_engine: AsyncEngine, records: Records, tmp_path: Path
) -> None:
    group = await records.group()
    async with contacts_locked(owner_engine):
        check(await stopped(service_dsn, tmp_path, company, owner_engine, group))


async def test_a_second_interrupt_ends_the_payload_but_not_the_answer(
    service_dsn: str,
    company: UUID,
    owner_engine: AsyncEngine,
    records: Records,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_forced(_server: Server) -> bool:
        return True

    def ignore(_server: Server, _value: object) -> None:
        pass

    monkeypatch.setattr(Server, "force_exit", property(is_forced, ignore), raising=False)
    group = await records.group()
    async with contacts_locked(owner_engine):
        check(await stopped(service_dsn, tmp_path, company, owner_engine, group))


async def test_a_connection_that_is_not_given_back_in_time_keeps_no_answer_back(
    service_dsn: str,
    company: UUID,
    owner_engine: AsyncEngine,
    records: Records,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = ReadSession.end

    async def never_ends(session: ReadSession, *, abandon: bool = False) -> None:
        if session.statements:
            try:
                await asyncio.Event().wait()
            finally:
                await end(session, abandon=abandon)
        await end(session, abandon=abandon)

    monkeypatch.setattr(ReadSession, "end", never_ends)
    group = await records.group()
    async with contacts_locked(owner_engine):
        check(await stopped(service_dsn, tmp_path, company, owner_engine, group))
