"""`serve` without its database: its log tells each 503 with a cause that can be acted on, while the outage lasts and
not at the end."""

import asyncio
import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.dsn import parse
from app.web.jwks import PAUSE_SECONDS
from tests.support.issuer import AUDIENCE, NAME, Issuer, public_jwk, sign
from tests.support.pooler import pooler
from tests.support.served import api_key_headers, served
from tests.support.silent_network import silent_network
from tests.support.trust import TRUST

pytestmark = pytest.mark.slow

OLD, NEW = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PERIOD_SECONDS = 10


class Client:
    """Sends each request over a new connection, so that both workers get some."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30, headers={"connection": "close"}, verify=TRUST)
        self.unavailable: list[httpx.Response] = []

    async def ask(self, headers: dict[str, str] | None, times: int = 1) -> Counter[int]:
        """Ask for the viewer as often, or whether the service is ready; count the statuses."""

        async def one() -> httpx.Response:
            if headers is None:
                return await self._http.get("/readyz")
            return await self._http.post("/graphql", json={"query": "{ viewer { subject } }"}, headers=headers)

        answers = await asyncio.gather(*(one() for _ in range(times)))
        self.unavailable += [answer for answer in answers if answer.status_code == 503]
        return Counter(answer.status_code for answer in answers)

    async def aclose(self) -> None:
        """Close it."""
        await self._http.aclose()


def unavailable(log: Path) -> list[dict[str, Any]]:
    """The causes that were told so far."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in lines if line["event"] == "unavailable"]


def told(lines: list[dict[str, Any]], *causes: str) -> int:
    """How many requests the lines of some causes stand for."""
    return sum(line["left_out"] + 1 for line in lines if line["cause"] in causes)


def bearer(key: Ed25519PrivateKey, kid: str, company: UUID) -> dict[str, str]:
    return {"authorization": f"Bearer {sign(key, kid, company_id=str(company))}"}


async def test_each_503_is_told_with_its_cause_within_ten_seconds(
    owner_engine: AsyncEngine, service_dsn: str, company: UUID, tmp_path: Path
) -> None:
    api_key, issuer = await api_key_headers(owner_engine, company), Issuer(public_jwk(OLD, "old"))
    # The pooler stands for a server that is reached over TCP.
    with pooler(service_dsn, mode="session", size=60) as (url,):
        port = parse(url).hosts[0].port
        assert port is not None
        async with silent_network(port) as network:
            environment = {
                "DATABASE_URL": url.replace(f":{port}/", f":{network.port}/"),
                "API_KEY_CACHE_SECONDS": "0", "JWT_JWKS_URL": issuer.url, "JWT_ISSUER": NAME, "JWT_AUDIENCE": AUDIENCE,
            }  # fmt: skip
            serving = served(tmp_path / "log", "--workers", "2", **environment)
            running = await asyncio.to_thread(serving.__enter__)
            client = Client(running.url)
            try:
                assert await client.ask(bearer(OLD, "old", company), 16) == {200: 16}
                assert await client.ask(api_key, 16) == {200: 16}
                assert unavailable(running.log) == []

                # The issuer has a new key, and can't be reached.
                issuer.publish(public_jwk(OLD, "old"), public_jwk(NEW, "new"))
                issuer.status = 500
                await asyncio.sleep(PAUSE_SECONDS + 0.5)
                assert await client.ask(bearer(NEW, "new", company), 16) == {503: 16}
                assert await client.ask(bearer(OLD, "old", company), 16) == {200: 16}
                assert {response.headers["retry-after"] for response in client.unavailable} <= {"9", "10"}

                network.freeze()
                begun = time.monotonic()
                ready, keys = await asyncio.gather(client.ask(None, 8), client.ask(api_key, 8))
                assert (ready, keys) == ({503: 8}, {503: 8})
                assert time.monotonic() - begun < 4
                network.thaw()

                await asyncio.sleep(PERIOD_SECONDS + 1)
                over = datetime.now(UTC)
                lines = unavailable(running.log)
                assert told(lines, "issuer_unreachable") == 16
                assert told(lines, "no_answer_in_time", "connect_failed") == 16
                assert {(line["cause"], line["limit"], line["reason"]) for line in lines} >= {
                    ("issuer_unreachable", "10 s", "ValueError: the issuer answers with status 500"),
                    ("no_answer_in_time", "2 s", "The look-up of an API key was not answered within 2 s"),
                }
                assert any("connected, but the login didn't complete in time" in line["reason"] for line in lines)
                assert all(line["request_id"] for line in lines)
                assert await client.ask(api_key, 8) == {200: 8}
            finally:
                await client.aclose()
                issuer.leave()
                await asyncio.to_thread(serving.__exit__, None, None, None)
    # The end tells of nothing that was over before.
    assert [line for line in unavailable(running.log) if datetime.fromisoformat(line["timestamp"]) > over] == []
