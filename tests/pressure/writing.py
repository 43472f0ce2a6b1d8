"""Clients that write all the while, and the company that they write to, served before a database that may fail."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connecting import short_lived_engine
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from tests.pressure.fault_injection import Deployment, deployment
from tests.pressure.ledger import Ledger, Told
from tests.support.new_customers import new_customer_input
from tests.support.records import new_company
from tests.support.served import api_key_headers

CREATE = (
    "mutation($input: CreateCustomerInput!) { done: createCustomer(input: $input) { customer { id } errors { code } } }"
)
UPDATE = (
    "mutation($input: UpdateCustomerInput!) { done: updateCustomer(input: $input) { customer { id } errors { code } } }"
)


class Writer:
    """A client that writes until it is told to stop, and notes in the ledger what it was told."""

    def __init__(
        self, number: int, client: httpx.AsyncClient, group_id: UUID, ledger: Ledger, *, rest_seconds: float = 0.01
    ) -> None:
        self._number = number
        self._client = client
        self._new = new_customer_input(group_id)
        self._ledger = ledger
        self._rest_seconds = rest_seconds
        self._own: str | None = None

    async def run(self, over: asyncio.Event) -> None:
        """Create and change customers in turn."""
        for turn in count():
            if over.is_set():
                return
            name, repeats = f"{self._number}-{turn}", turn % 4 < 2
            if self._own is None or turn % 2:
                values, sent, document = {**self._new, "name": name}, self._ledger.creations, CREATE
            else:
                values, sent, document = {"id": self._own, "name": name}, self._ledger.changes, UPDATE
            key = {"idempotencyKey": name} if repeats else {}
            sent[name], id_ = await self._write(document, {**values, **key}, over if repeats else None)
            if id_ is not None:
                self._own = self._ledger.ids[name] = id_
            await asyncio.sleep(self._rest_seconds)

    async def _write(
        self, document: str, values: dict[str, Any], over: asyncio.Event | None
    ) -> tuple[Told, str | None]:
        """Send a write, again and again under its key until an answer says how it ended."""
        is_open = False
        while True:
            told, id_ = await self._send(document, values)
            if told is Told.STORED or over is None:
                return told, id_
            # What got no answer may have been stored, whatever is said of a repetition that did not get as far.
            is_open = is_open or told is Told.NOTHING
            if over.is_set():
                return Told.NOTHING if is_open else told, None
            await asyncio.sleep(0.2)

    async def _send(self, document: str, values: dict[str, Any]) -> tuple[Told, str | None]:
        try:
            answer = await self._client.post("/graphql", json={"query": document, "variables": {"input": values}})
            content: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError) as error:
            self._ledger.answers[type(error).__name__] += 1
            return Told.NOTHING, None
        errors: list[dict[str, Any]] = content.get("errors", [])
        data: dict[str, Any] = content.get("data") or {"done": None}
        done: dict[str, Any] = data["done"] or {"errors": []}
        refusals: list[dict[str, Any]] = done["errors"]
        codes: list[str] = [error["extensions"]["code"] for error in errors]
        codes += [refusal["code"] for refusal in refusals]
        self._ledger.answers[" ".join([str(answer.status_code), *codes])] += 1
        if "OUTCOME_UNKNOWN" in codes:
            return Told.NOTHING, None
        if any(len(error.get("path", ())) > 1 for error in errors):
            # Stored, and not read back.
            return Told.STORED, None
        return (Told.REFUSED, None) if codes else (Told.STORED, done["customer"]["id"])


@asynccontextmanager
async def served_company(folder: Path) -> AsyncGenerator[tuple[Deployment, AsyncEngine, UUID, dict[str, str]]]:
    """A migrated database with a company, its API key, and the service before it."""
    async with deployment(folder) as built:
        await asyncio.to_thread(upgrade, built.owner_dsn)
        await make_login_role(built.owner_dsn, "serving", None)
        engine = short_lived_engine(built.owner_dsn)
        company_id = await new_company(engine)
        headers = await api_key_headers(engine, company_id)
        built.environment = {"DATABASE_URL": built.dsn("serving"), "METRICS": "true"}
        await built.start()
        yield built, engine, company_id, headers
        await engine.dispose()
