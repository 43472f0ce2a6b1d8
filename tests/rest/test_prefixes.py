"""The service below a path: `Location` and `Link` lead there, whether a proxy or the service removes the path."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport
from starlette.types import ASGIApp, Receive, Scope, Send

from app.rest.answers import Written
from app.rest.endpoints import ENDPOINTS
from app.rest.routing import relative
from tests.rest.calling import Service
from tests.support.records import Records
from tests.support.rest import next_page, place_of

PREFIX = "/billing"


class Stripping:
    """A proxy that serves the application below the prefix, which it removes from each path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        assert scope["path"].startswith(PREFIX), scope["path"]
        raw_path = scope["raw_path"].removeprefix(PREFIX.encode())
        await self._app({**scope, "path": scope["path"].removeprefix(PREFIX), "raw_path": raw_path}, receive, send)


def stripping(service: Service) -> ASGITransport:
    return ASGITransport(Stripping(service.app))


def knowing(service: Service) -> ASGITransport:
    return ASGITransport(service.app, root_path=PREFIX)


@pytest.mark.parametrize("proxy", [stripping, knowing])
async def test_below_a_prefix_places_and_links_lead_there(
    service: Service, company: UUID, records: Records, proxy: Callable[[Service], ASGITransport]
) -> None:
    group = str(await records.group())
    new: dict[str, Any] = {"name": "A", "vatZone": "eu", "customerGroupId": group}
    new |= {"countryCode": "DK", "defaultCurrency": "DKK"}
    async with service.calls(company, transport=proxy(service)) as calls:
        created = [await calls.post(f"{PREFIX}/v1/customers", json=new) for _ in range(2)]
        stored = await calls.get(place_of(created[0]))
        page = await calls.get(f"{PREFIX}/v1/customers?limit=1")
        following = next_page(page)
        assert following is not None
        last = await calls.get(following)
        missing = await calls.get(f"{PREFIX}/v1/customers/0")
        nothing = await calls.get(f"{PREFIX}/v1")

    assert stored.json()["id"] == created[0].json()["id"]
    assert [row["id"] for row in page.json() + last.json()] == [one.json()["id"] for one in created]
    assert (missing.status_code, missing.json()["code"]) == (404, "CUSTOMER_NOT_FOUND")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "NOT_FOUND")


def test_every_place_of_a_new_object_is_relative_to_the_endpoint() -> None:
    places = {
        one.path: one.shown.location for one in ENDPOINTS if isinstance(one.shown, Written) and one.shown.location
    }

    assert {relative(place, path) for path, place in places.items()} == {"customers/{id}"}
