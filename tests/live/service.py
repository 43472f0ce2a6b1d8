"""A running service, and what tests of live subscriptions ask it."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.web.development import DevelopmentKeys
from tests.support.sse import Events, following
from tests.support.started import headers_of

RENAME = """mutation ($id: ID!, $name: String!) {
  updateCustomer(input: {id: $id, name: $name}) { customer { version } errors { code } }
}"""


@dataclass(frozen=True)
class Service:
    """A running service, and credentials for it."""

    url: str
    keys: DevelopmentKeys

    def headers(self, company_id: UUID, scopes: Iterable[Scope] = tuple(Scope)) -> dict[str, str]:
        """Return the headers of a company's caller, without `accept`."""
        return {"authorization": headers_of(self.keys, company_id, scopes)["authorization"]}

    def follow(
        self, company_id: UUID, query: str, scopes: Iterable[Scope] = tuple(Scope), **variables: Any
    ) -> AbstractAsyncContextManager[Events]:
        """Open a stream that must begin."""
        return following(self.url, self.headers(company_id, scopes), query, **variables)

    async def ask(self, company_id: UUID, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        async with httpx.AsyncClient(timeout=20) as client:
            body = {"query": query, "variables": variables}
            answer = (await client.post(self.url, headers=self.headers(company_id), json=body)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def rename(self, company_id: UUID, customer_id: UUID, *names: str) -> None:
        """Change the name of a customer, once for each name."""
        for name in names:
            changed = await self.ask(company_id, RENAME, id=str(customer_id), name=name)
            assert changed["updateCustomer"]["errors"] == []

    async def until_at(self, company_id: UUID, position: int) -> None:
        """Wait until the company's feed has this many events: a change gets its position after its answer."""
        async with asyncio.timeout(10):
            cursor = None
            while cursor != feed_cursors.encode(company_id, position):
                cursor = (await self.ask(company_id, "{feedCursor}"))["feedCursor"]


Start = Callable[..., AbstractAsyncContextManager[Service]]
