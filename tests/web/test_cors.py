"""Cross-origin requests: which pages may call, with which headers, and what they may read of the answer."""

import pytest

from app.settings.kinds import ALLOWED_HEADERS
from tests.web.application import client_of

ORIGIN = "https://app.example.com"
LOOPBACK = [
    "http://localhost:5173",
    "http://localhost",
    "https://localhost:3000",
    "http://127.0.0.1:8080",
    "http://[::1]:5173",
]
OTHERS = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://localhost:5173.evil.example",
    "http://127.0.0.1.evil.example:80",
    "http://127x0x0x1",
    "http://evil.example:5173",
    "http://192.168.0.2:5173",
    "http://app.localhost:5173",
    "http://localhost:5173/",
    "null",
]


def token() -> str:
    return "token"


def preflight(origin: str, headers: str = "authorization,content-type") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
    }


@pytest.mark.parametrize("header", ALLOWED_HEADERS)
async def test_what_clients_send_by_default_is_allowed(header: str) -> None:
    async with client_of(cors_allowed_origins=(ORIGIN,)) as client:
        answer = await client.options("/graphql", headers=preflight(ORIGIN, header))

    assert answer.status_code == 200
    assert header in answer.headers["access-control-allow-headers"].split(", ")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-max-age"] == "7200"
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("headers", ["x-strange", "content-type, x-strange", ", x-strange"])
async def test_a_header_that_is_not_allowed_fails_the_preflight(headers: str) -> None:
    async with client_of(cors_allowed_origins=(ORIGIN,)) as client:
        assert (await client.options("/graphql", headers=preflight(ORIGIN, headers))).status_code == 400


@pytest.mark.parametrize("headers", ["", ",", "content-type, , authorization,"])
async def test_empty_elements_of_the_headers_that_a_preflight_asks_for_are_ignored(headers: str) -> None:
    async with client_of(cors_allowed_origins=(ORIGIN,)) as client:
        answer = await client.options("/graphql", headers=preflight(ORIGIN, headers))

    assert answer.status_code == 200
    assert "" not in answer.headers["access-control-allow-headers"].split(", ")


async def test_the_setting_replaces_the_headers() -> None:
    async with client_of(
        cors_allowed_origins=ORIGIN, cors_allowed_headers="authorization,X-Strange", cors_max_age_seconds=60
    ) as client:
        answer = await client.options("/graphql", headers=preflight(ORIGIN, "x-strange"))
        refused = await client.options("/graphql", headers=preflight(ORIGIN, "x-api-key"))

    assert (answer.status_code, refused.status_code) == (200, 400)
    assert answer.headers["access-control-max-age"] == "60"


async def test_a_page_may_read_the_request_id_and_when_to_come_back() -> None:
    async with client_of({"origin": ORIGIN}, cors_allowed_origins=(ORIGIN,)) as client:
        refused = await client.post("/graphql", json={"query": "{__typename}"})

    assert refused.status_code == 401
    exposed = refused.headers["access-control-expose-headers"]
    assert exposed == "x-request-id, retry-after, www-authenticate, etag, link, location"


@pytest.mark.parametrize("origin", [ORIGIN, "null"])
async def test_a_star_allows_every_origin_and_never_its_cookies(origin: str) -> None:
    async with client_of({"origin": origin}, cors_allowed_origins="*") as client:
        answer = await client.get("/livez")
        asked = await client.options("/graphql", headers=preflight(origin))

    for response in (answer, asked):
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", LOOPBACK)
async def test_in_dev_a_page_of_this_machine_may_call_from_any_port(origin: str) -> None:
    async with client_of(make_token=token) as client:
        asked = await client.options("/graphql", headers=preflight(origin))
        answer = await client.get("/livez", headers={"origin": origin})

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("origin", OTHERS)
async def test_in_dev_no_other_page_may(origin: str) -> None:
    async with client_of(make_token=token) as client:
        asked = await client.options("/graphql", headers=preflight(origin))

    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize("origin", LOOPBACK)
async def test_elsewhere_a_page_of_this_machine_is_like_any_other(origin: str) -> None:
    async with client_of(cors_allowed_origins=(ORIGIN,)) as client:
        asked = await client.options("/graphql", headers=preflight(origin))
    async with client_of() as client:
        answer = await client.get("/livez", headers={"origin": origin})

    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("rest", "status"), [(True, 200), (False, 400)])
async def test_pages_may_patch_where_rest_is_served(*, rest: bool, status: int) -> None:
    asked = {**preflight(ORIGIN, "if-match, idempotency-key"), "access-control-request-method": "PATCH"}
    async with client_of(cors_allowed_origins=(ORIGIN,), rest=rest) as client:
        answer = await client.options("/v1/customers/1", headers=asked)

    assert answer.status_code == status
