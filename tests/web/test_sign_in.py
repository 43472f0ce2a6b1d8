"""The development token for the explorer's page: given to that page on this machine, and to nobody else."""

from collections.abc import Mapping

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Route

from app.web.sign_in import SignIn

LOCAL = ("127.0.0.1", 50_000)


async def asked(headers: Mapping[str, str], client: tuple[str, int] = LOCAL, method: str = "POST") -> Response:
    """The answer to a request of these headers from that address."""
    app = Starlette(routes=[Route("/sign-in", SignIn(lambda: "a.new.token").answer, methods=["POST"])])
    async with AsyncClient(transport=ASGITransport(app, client=client), base_url="http://service.test") as http:
        return await http.request(method, "/sign-in", headers=headers)


def page(host: str, **more: str) -> dict[str, str]:
    """What a browser sends from the service's own page at that host."""
    return {"host": host, "origin": f"http://{host}", **more}


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "127.0.0.1", "[::1]:8000"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_the_page_itself_gets_a_token_that_nothing_keeps(host: str, address: str) -> None:
    answer = await asked(page(host, **{"sec-fetch-site": "same-origin"}), (address, 50_000))

    assert (answer.status_code, answer.json()) == (200, {"token": "a.new.token"})
    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


OTHERS: dict[str, dict[str, str]] = {
    "a site whose name leads here": page("evil.example:8000"),
    "a name that only looks like this machine's": page("127.0.0.1.evil.example:8000"),
    "a name that begins like this machine's": page("localhost.evil.example"),
    "another site": {"host": "localhost:8000", "origin": "https://evil.example"},
    "another port of this machine": {"host": "localhost:8000", "origin": "http://localhost:3000"},
    "a sandboxed page": {"host": "localhost:8000", "origin": "null"},
    "no page": {"host": "localhost:8000"},
    "another site, by what the browser says": page("localhost:8000", **{"sec-fetch-site": "cross-site"}),
    "a proxy": page("localhost:8000", **{"x-forwarded-for": "203.0.113.7"}),
    **{
        f"a proxy that sends {name}": page("localhost:8000", **{name.lower(): value})
        for name, value in {
            "Via": "1.1 proxy",
            "X-Real-IP": "203.0.113.7",
            "X-Forwarded-Host": "billing.example.com",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Server": "proxy",
            "X-Original-URL": "/explorer/token",
            "X-Client-IP": "203.0.113.7",
            "X-Cluster-Client-IP": "203.0.113.7",
            "True-Client-IP": "203.0.113.7",
            "CF-Connecting-IP": "203.0.113.7",
        }.items()
    },
    "a proxy of the newer kind": page("localhost:8000", forwarded="for=203.0.113.7"),
    "no host": {"host": "", "origin": "http://"},
    "a host that can't be read": page("[::1"),
}


@pytest.mark.parametrize("headers", OTHERS.values(), ids=OTHERS)
async def test_nobody_else_gets_one_and_is_told_what_to_do(headers: dict[str, str]) -> None:
    answer = await asked(headers)

    assert answer.status_code == 403
    assert "paste the token" in answer.text
    assert "a.new.token" not in answer.text


async def test_another_machine_gets_none_whatever_it_says() -> None:
    answer = await asked(page("localhost:8000"), ("192.0.2.7", 50_000))

    assert answer.status_code == 403


async def test_it_is_never_a_link() -> None:
    assert (await asked(page("localhost:8000"), method="GET")).status_code == 405
