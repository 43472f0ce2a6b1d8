"""How a subscription can be asked for: by GET, by name, and beside JSON; and how its answer looks."""

import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from app.engine.trusted import MANIFEST_FORMAT, MANIFEST_VERSION
from tests.live.service import Service, Start
from tests.support.sse import streaming

CHANGES = "subscription ($after: String) {changes(after: $after) {version}}"


async def begun(service: Service, company: UUID, customer_id: UUID) -> dict[str, str]:
    """Make a change, and return the variables with which a subscription begins before it."""
    begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
    await service.rename(company, customer_id, "A")
    return {"after": begin}


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "text/event-stream, multipart/mixed", "application/json, text/event-stream;q=0.1"]
)
async def test_a_subscription_is_a_stream_if_the_client_takes_one(
    service: Service, company: UUID, customer_id: UUID, accept: str
) -> None:
    variables = await begun(service, company, customer_id)
    headers = {**service.headers(company), "accept": accept}
    async with streaming(service.url, headers, CHANGES, variables) as events:
        assert (await events.change())["version"] == 2
        sent = events.response.headers

    assert sent["content-type"] == "text/event-stream; charset=utf-8"
    assert (sent["cache-control"], sent["x-accel-buffering"]) == ("no-store", "no")
    assert sent["x-content-type-options"] == "nosniff"
    assert sent["x-request-id"]


async def test_a_subscription_may_come_by_get(service: Service, company: UUID, customer_id: UUID) -> None:
    variables = await begun(service, company, customer_id)
    parameters = {"query": CHANGES, "variables": json.dumps(variables)}
    headers = {**service.headers(company), "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", service.url, params=parameters, headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        while not (line := await anext(lines)).startswith("data: "):
            pass

    assert json.loads(line.removeprefix("data: ")) == {"data": {"changes": {"version": 2}}}


async def test_a_subscription_may_be_named_by_its_hash_once_it_is_known(
    service: Service, company: UUID, customer_id: UUID
) -> None:
    variables = await begun(service, company, customer_id)
    text = f"{CHANGES} # {company}"
    named = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}
    headers = service.headers(company)
    async with streaming(service.url, headers, "", variables, extensions=named) as events:
        (unknown, _) = await events.rest()
    async with streaming(service.url, headers, text, variables, extensions=named) as events:
        await events.change()
    async with streaming(service.url, headers, "", variables, extensions=named) as events:
        assert (await events.change())["version"] == 2

    assert unknown.result["errors"][0]["message"] == "PersistedQueryNotFound"


async def test_only_trusted_subscriptions_run_where_documents_must_be_trusted(
    start: Start, service: Service, company: UUID, customer_id: UUID, tmp_path: Path
) -> None:
    variables = await begun(service, company, customer_id)
    manifest = {"format": MANIFEST_FORMAT, "version": MANIFEST_VERSION, "documents": {"changes": CHANGES}}
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(manifest))
    async with start(trusted_documents_file=file, trusted_only=True) as trusting:
        headers = trusting.headers(company)
        async with streaming(trusting.url, headers, "", variables, documentId="changes") as events:
            assert (await events.change())["version"] == 2
        async with streaming(trusting.url, headers, f"{CHANGES} ", variables) as events:
            (rejected, _) = await events.rest()

    assert rejected.result["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
