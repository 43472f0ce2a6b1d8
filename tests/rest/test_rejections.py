"""Requests that are rejected before they reach an endpoint: their errors have the form of their path."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from app.web.development import DevelopmentKeys
from tests.support.listening import Reply, wired
from tests.support.served import served
from tests.support.started import headers_of, settings_of

UNKNOWN = "0197f3c2-0000-7000-8000-000000000000"
CUSTOMERS = "/v1/customers"
_LONG = "x" * 70_000


class _Service(NamedTuple):
    port: int
    credential: str
    """The header line of a credential."""


@contextmanager
def _serving(dsn: str, folder: Path, **settings: Any) -> Generator[_Service]:
    """Serve with these settings to clients that have a second to send headers, and one to send a body."""
    keys = DevelopmentKeys(folder / "keys")
    short = {"header_timeout_seconds": 1, "body_timeout_seconds": 1}
    named = {name.upper(): str(value) for name, value in settings_of(dsn, keys, **short, **settings).items()}
    with served(folder / "log", **named) as service:
        yield _Service(service.port, f"authorization: {headers_of(keys, uuid4())['authorization']}")


@pytest.fixture(scope="module")
def service(service_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[_Service]:
    """A service with its REST endpoints."""
    with _serving(service_dsn, tmp_path_factory.mktemp("rest")) as service:
        yield service


async def asked(service: _Service, line: str, *headers: str, body: str | None = "") -> Reply:
    """Send the beginning of a request and read the answer. Without a body, the headers don't end."""
    async with wired(service.port) as wire:
        lines = [line, "host: a", "x-request-id: mine-7", *headers]
        await wire.send("\r\n".join([*lines, *(() if body is None else ("", body))]).encode())
        return await wire.reply()


def assert_rejected(reply: Reply, path: str, status: int, code: str) -> str:
    """Assert that the answer is an error in the form of REST, and return its message."""
    error = reply.json()
    assert list(error) == ["statusCode", "timestamp", "path", "message", "code", "details"]
    assert (reply.status, error["statusCode"], error["code"]) == (status, status, code)
    assert (error["path"], error["details"]) == (path, {})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    return error["message"]


async def test_a_body_that_does_not_arrive_is_a_408(service: _Service) -> None:
    headers = (service.credential, "content-type: application/json", "content-length: 10")
    reply = await asked(service, f"PATCH {CUSTOMERS}/7 HTTP/1.1", *headers, body='{"')

    message = assert_rejected(reply, f"{CUSTOMERS}/7", 408, "TIMEOUT")
    assert (reply.headers["x-request-id"], reply.headers["connection"]) == ("mine-7", "close")
    assert message.startswith("The body took too long to arrive.")


async def test_headers_that_do_not_arrive_are_a_408(service: _Service) -> None:
    reply = await asked(service, f"GET {CUSTOMERS}/caf%C3%A9?limit=1 HTTP/1.1", "x: ", body=None)

    assert_rejected(reply, f"{CUSTOMERS}/café", 408, "TIMEOUT")


@pytest.mark.parametrize("target", [f"{CUSTOMERS}?after={_LONG}", f"http://a{CUSTOMERS}?after={_LONG}"])
async def test_a_url_that_is_too_long_is_a_414(service: _Service, target: str) -> None:
    reply = await asked(service, f"GET {target} HTTP/1.1", "x: y")

    message = assert_rejected(reply, CUSTOMERS, 414, "PAYLOAD_TOO_LARGE")
    assert message == "The URL is longer than 65,535 bytes: send a shorter one."


async def test_a_path_that_is_too_long_is_a_414_that_shows_its_beginning(service: _Service) -> None:
    reply = await asked(service, f"GET {CUSTOMERS}/{_LONG} HTTP/1.1", "x: y")

    assert_rejected(reply, f"{CUSTOMERS}/{_LONG}"[:1_000] + "…", 414, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(("size", "shown"), [(1_000, "x" * 989), (1_001, "x" * 989 + "…")])
async def test_an_error_shows_a_thousand_characters_of_its_path(service: _Service, size: int, shown: str) -> None:
    path = "/v1/absent/".ljust(size, "x")
    reply = await asked(service, f"GET {path} HTTP/1.1")

    assert_rejected(reply, f"/v1/absent/{shown}", 404, "NOT_FOUND")


@pytest.mark.parametrize("headers", [["x: y"] * 120, [f"x: {'y' * 40_000}"]])
async def test_headers_that_are_too_many_are_a_431(service: _Service, headers: list[str]) -> None:
    assert_rejected(await asked(service, "GET /v1 HTTP/1.1", *headers), "/v1", 431, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("header", ["a b: c", "transfer-encoding: x", "content-length: -1", "host: b"])
async def test_headers_that_are_malformed_are_a_400(service: _Service, header: str) -> None:
    reply = await asked(service, f"POST {CUSTOMERS} HTTP/1.1", header)

    assert_rejected(reply, CUSTOMERS, 400, "BAD_REQUEST")


@pytest.mark.parametrize("target", [f"{CUSTOMERS}/%", f"{CUSTOMERS}/%zz", f"{CUSTOMERS}/a%2"])
async def test_a_path_with_malformed_encoding_is_a_400(service: _Service, target: str) -> None:
    reply = await asked(service, f"GET {target} HTTP/1.1", service.credential, body="\r\n")

    assert (reply.status, reply.json()["code"]) == (400, "BAD_REQUEST")
    assert reply.json()["message"] == "The path has malformed percent-encoding: write a percent sign as %25."


@pytest.mark.parametrize("customer_id", [f"%20{UNKNOWN}", f"{UNKNOWN}%0a", f"{UNKNOWN}%2Fcontacts", f"{UNKNOWN}%00"])
async def test_an_id_is_exactly_a_part_of_the_path(service: _Service, customer_id: str) -> None:
    reply = await asked(service, f"GET {CUSTOMERS}/{customer_id} HTTP/1.1", service.credential, body="\r\n")

    assert (reply.status, reply.json()["code"]) == (404, "CUSTOMER_NOT_FOUND")


async def test_an_unknown_version_of_http_is_a_400(service: _Service) -> None:
    assert_rejected(await asked(service, f"GET {CUSTOMERS} HTTP/1.7"), CUSTOMERS, 400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["/graphql", "/v10", "/", "/V1/customers"])
async def test_other_paths_have_the_form_of_graphql(service: _Service, path: str) -> None:
    reply = await asked(service, f"GET {path} HTTP/1.1", *["x: y"] * 120)

    assert (reply.status, [*reply.json()]) == (431, ["errors"])


@pytest.mark.parametrize("path", [CUSTOMERS, "/graphql"])
@pytest.mark.parametrize(
    ("status", "query", "header", "end"),
    [
        (400, "", "a b: c", "\r\n"),
        (408, "", "x: ", ""),
        (414, f"?after={_LONG}", "x: y", "\r\n"),
        (431, "", f"x: {'y' * 40_000}", "\r\n\r\n"),
    ],
)
async def test_the_answer_to_head_has_no_body(
    service: _Service, path: str, status: int, query: str, header: str, end: str
) -> None:
    async with wired(service.port) as wire:
        lines = [f"HEAD {path}{query} HTTP/1.1", "host: a", service.credential, "content-type: application/json"]
        await wire.send("\r\n".join([*lines, header]).encode() + end.encode())
        head, _, body = (await wire.rest()).partition(b"\r\n\r\n")

    assert (int(head.split()[1]), body) == (status, b"")
    assert int(head.partition(b"content-length: ")[2].split()[0]) > 50


@pytest.mark.parametrize("path", [f"{CUSTOMERS}/caf%C3%A9", "/graphql/"])
@pytest.mark.parametrize(
    ("status", "message", "headers"),
    [
        (404, "WebSockets are served at /graphql only.", ["sec-websocket-version: 13"]),
        (400, "This is not a handshake of a WebSocket: ", ["sec-websocket-version: 12"]),
        (431, "The request has more than 100 header fields", ["sec-websocket-version: 13", f"x: {'y' * 20_000}"]),
    ],
)
async def test_a_rejected_handshake_of_a_websocket_has_the_form_of_its_path(
    service: _Service, path: str, status: int, message: str, headers: list[str]
) -> None:
    key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="
    upgrade = ["connection: upgrade", "upgrade: websocket", key]
    reply = await asked(service, f"GET {path} HTTP/1.1", *upgrade, *headers)

    assert reply.status == status
    error = reply.json()
    if path.startswith(CUSTOMERS):
        assert (error["statusCode"], error["path"]) == (status, f"{CUSTOMERS}/café")
    else:
        error = error["errors"][0]
    assert error["message"].startswith(message)


async def test_an_error_belongs_to_the_request_that_is_rejected(service: _Service) -> None:
    async with wired(service.port) as wire:
        await wire.send(f"GET {CUSTOMERS} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        assert (await wire.reply()).status == 401
        await wire.send(b"\x00\r\n\r\n")
        reply = await wire.reply()

    # Nothing is known of its path.
    assert (reply.status, [*reply.json()]) == (400, ["errors"])


async def test_without_rest_its_paths_have_the_form_of_others(service_dsn: str, tmp_path: Path) -> None:
    with _serving(service_dsn, tmp_path, rest=False) as service:
        reply = await asked(service, f"GET {CUSTOMERS} HTTP/1.1", *["x: y"] * 120)

    assert (reply.status, [*reply.json()]) == (431, ["errors"])
