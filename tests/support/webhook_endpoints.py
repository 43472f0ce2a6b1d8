"""Webhook endpoints of tests, and senders that run until nothing is due."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import webhook_deliveries, webhook_endpoints
from app.domain.identity import Scope
from app.webhooks.deliveries import Deliveries
from tests.support.webhook_secrets import SECRET

Columns = Mapping[Any, Any]
"""The columns of a row by name."""
NewSender = Callable[..., Deliveries]
"""Makes a sender."""
READS = (Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ)


class Endpoints(NamedTuple):
    """The endpoints of a company, written and read as the tables' owner."""

    engine: AsyncEngine
    company_id: UUID

    async def add(self, url: str, **values: Any) -> UUID:
        """Write an endpoint that begins with the first event."""
        endpoint_id = uuid4()
        row: dict[str, Any] = {
            "company_id": self.company_id,
            "id": endpoint_id,
            "url": url,
            "types": [],
            "scopes": [*READS],
            "position": 0,
            "secret": SECRET,
            **values,
        }
        async with self.engine.begin() as connection:
            await connection.execute(insert(webhook_endpoints).values(row))
        return endpoint_id

    async def change(self, endpoint_id: UUID, **values: Any) -> None:
        """Change columns of an endpoint."""
        statement = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(values)
        async with self.engine.begin() as connection:
            await connection.execute(statement)

    async def of(self, endpoint_id: UUID) -> Columns:
        """Return an endpoint's columns."""
        async with self.engine.connect() as connection:
            found = await connection.execute(select(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id))
            return found.mappings().one()

    async def deliveries(self, endpoint_id: UUID) -> Sequence[Columns]:
        """Return the deliveries to an endpoint, in their order."""
        its = webhook_deliveries.c
        statement = select(webhook_deliveries).where(its.endpoint_id == endpoint_id).order_by(its.id)
        async with self.engine.connect() as connection:
            return (await connection.execute(statement)).mappings().all()

    async def outcomes(self, endpoint_id: UUID) -> list[tuple[int | None, int, str | None, int | None]]:
        """Return the position, attempt, error and status of each delivery to an endpoint."""
        return [
            (row["position"], row["attempt"], row["error"], row["http_status"])
            for row in await self.deliveries(endpoint_id)
        ]


async def end_turns(*senders: Deliveries) -> None:
    """Wait until the turns that have begun have ended."""
    while any(sender.sending for sender in senders):  # noqa: ASYNC110 - nothing else needs to be told
        await asyncio.sleep(0.005)


async def settle(*senders: Deliveries) -> None:
    """Let senders work until no endpoint is due."""
    async with asyncio.timeout(30):
        while True:
            for sender in senders:
                await sender.run_once()
            if not any(sender.sending for sender in senders):
                return
            await end_turns(*senders)
