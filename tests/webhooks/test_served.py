"""Webhooks of the service as it is deployed: two workers, a role that owns nothing, and an API key."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.new_customers import new_customer_input
from tests.support.receiver import Received, Receiver, answering
from tests.support.records import Records
from tests.support.served import api_key_headers, served
from tests.support.trust import TRUST

CREATE = """mutation($input: CreateWebhookEndpointInput!) {
    createWebhookEndpoint(input: $input) { secret webhookEndpoint { id } errors { message } }
}"""
CREATE_CUSTOMER = (
    "mutation($input: CreateCustomerInput!) {createCustomer(input: $input) {errors {message} customer {id}}}"
)
UPDATE_CUSTOMER = "mutation($input: UpdateCustomerInput!) {updateCustomer(input: $input) {errors {message}}}"
ROTATE = "mutation($id: ID!) {rotateWebhookSecret(input: {id: $id}) {secret errors {message}}}"
TEST = "mutation($id: ID!) {testWebhookEndpoint(input: {id: $id}) {errors {message}}}"
ENDPOINTS = """{ webhookEndpoints {
    status cursor deliveries(first: 9) { nodes { eventType attempt outcome httpStatus error response cursor } }
} feedCursor }"""
DOCUMENT = "subscription { changes { subject { ... on Customer { name group { number } } } } }"


class Caller:
    """A caller of a running service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def data(self, query: str, **variables: Any) -> Any:
        """Return the only field of an answer without errors."""
        response = await self._client.post("/graphql", json={"query": query, "variables": variables})
        body = response.json()
        assert "errors" not in body, body
        return body["data"]

    async def payload(self, mutation: str, **variables: Any) -> Any:
        """Return the payload of a mutation that is accepted."""
        (payload,) = (await self.data(mutation, **variables)).values()
        assert payload["errors"] == []
        return payload


@pytest_asyncio.fixture(loop_scope="session")
async def caller(service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path) -> AsyncGenerator[Caller]:
    """A caller with all scopes of a service that may send to this machine."""
    settings = {
        "DATABASE_URL": service_dsn,
        "WEBHOOKS_ALLOW_HTTP": "true",
        "WEBHOOKS_ALLOW_PRIVATE": "true",
        "WEBHOOK_TIMEOUT_SECONDS": "2",
    }
    headers = await api_key_headers(owner_engine, company)
    with served(tmp_path / "log", "--workers", "2", **settings) as service:
        async with httpx.AsyncClient(base_url=service.url, headers=headers, verify=TRUST, timeout=30) as client:
            yield Caller(client)
    log = (tmp_path / "log").read_text()
    assert "whsec_" not in log
    assert "Traceback" not in log


def content(secret: str, request: Received) -> Any:
    """The body of a request that is signed with a secret."""
    return Webhook(secret).verify(request.body, request.headers)


async def after_deliveries(caller: Caller, count: int) -> Any:
    """What callers see of the only endpoint once it has this number of deliveries."""
    async with asyncio.timeout(10):
        while True:
            shown = await caller.data(ENDPOINTS)
            if len(shown["webhookEndpoints"][0]["deliveries"]["nodes"]) == count:
                return shown
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("endpoints")
async def test_changes_reach_a_receiver_that_verifies_them_and_callers_see_it(
    caller: Caller, records: Records, receiver: Receiver
) -> None:
    group = await records.group(number="7")
    url = f"http://127.0.0.1:{receiver.port}/hook"
    created = await caller.payload(CREATE, input={"url": url, "document": DOCUMENT})
    secret, endpoint = created["secret"], created["webhookEndpoint"]["id"]

    customer = (await caller.payload(CREATE_CUSTOMER, input=new_customer_input(group, name="A")))["customer"]["id"]
    await receiver.until(1)
    receiver.behavior = answering("503 Busy", b"later")
    await caller.payload(UPDATE_CUSTOMER, input={"id": customer, "name": "B"})
    await receiver.until(2)
    receiver.behavior = answering()
    rotated = (await caller.payload(ROTATE, id=endpoint))["secret"]
    await caller.payload(TEST, id=endpoint)
    # The repeated event comes after some five seconds, the test at once.
    await receiver.until(4)

    first, failed, *others = receiver.requests
    (test,) = (request for request in others if request.json()["type"] == "webhook.test")
    (repeated,) = (request for request in others if request is not test)
    assert content(secret, first)["result"] == {
        "data": {"changes": {"subject": {"name": "A", "group": {"number": "7"}}}}
    }
    assert content(secret, failed) == content(secret, repeated) == content(rotated, repeated)
    assert content(rotated, test)["subjectId"] == endpoint
    with pytest.raises(WebhookVerificationError):
        content(rotated, first)
    shown = await after_deliveries(caller, 4)
    (stored,) = shown["webhookEndpoints"]
    assert (stored["status"], stored["cursor"]) == ("ACTIVE", shown["feedCursor"])
    deliveries = [
        (row["eventType"], row["attempt"], row["outcome"], row["httpStatus"], row["error"], row["response"])
        for row in reversed(stored["deliveries"]["nodes"])
    ]
    assert sorted(deliveries, key=str) == sorted(
        [
            ("CUSTOMER_CREATED", 1, "DELIVERED", 204, None, ""),
            ("CUSTOMER_UPDATED", 1, "FAILED", 503, "HTTP_STATUS", "later"),
            (None, 1, "DELIVERED", 204, None, ""),
            ("CUSTOMER_UPDATED", 2, "DELIVERED", 204, None, ""),
        ],
        key=str,
    )
