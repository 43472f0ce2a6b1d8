"""The Host of a request: exactly one that is well formed, but for HTTP/1.0."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.support.listening import Reply, Wire, listening, wired
from tests.support.toy_app import toy_app

LONG = "x" * 300


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port() -> AsyncGenerator[int]:
    """The port of the toy application."""
    async with listening(toy_app()) as port:
        yield port


@pytest_asyncio.fixture(loop_scope="session")
async def wire(port: int) -> AsyncGenerator[Wire]:
    """A connection to the toy application."""
    async with wired(port) as wire:
        yield wire


async def asked(wire: Wire, *hosts: str, version: str = "1.1") -> Reply:
    """Send a query with these Host headers and read the answer."""
    lines = [f"GET /graphql?query={{hello}} HTTP/{version}", "Authorization: Bearer good"]
    await wire.send("\r\n".join([*lines, *(f"Host:{host}" for host in hosts), "", ""]).encode("latin-1"))
    return await wire.reply()


@pytest.mark.parametrize(
    "host",
    [
        " service.test",
        " service.test:8000",
        "service.test\t ",
        " SERVICE.test:",
        " customers_1.internal",
        " 127.0.0.1:80",
        " [::1]",
        " [2001:db8::1]:8000",
        " [::ffff:192.0.2.1]",
        " r%C3%B8d.test",
        " service.test:65535",
        " service.test:000080",
        f" {LONG}",
    ],
)
async def test_a_valid_host_is_accepted(wire: Wire, host: str) -> None:
    reply = await asked(wire, host)

    assert (reply.status, reply.json()) == (200, {"data": {"hello": "Hello you"}})
    assert (await asked(wire, host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        " two words",
        " a, b",
        " user@service.test",
        " service.test/graphql",
        " http://service.test",
        " service.test:http",
        " service.test:80:80",
        " service.test:-1",
        "",
        " ",
        " :80",
        " :",
        " a:65536",
        " a:99999",
        f" a:{'9' * 5_000}",
        " [::1]:99999",
        " [::1",
        " ::1",
        " []",
        " [1:2]",
        " [::1]x",
        " [127.0.0.1]",
        " a%zz",
        " <script>",
        " a\\b",
        ' "a"',
        " a?b",
        " a#b",
        " rød.test",
    ],
)
async def test_a_malformed_host_is_rejected_and_the_connection_closed(wire: Wire, host: str) -> None:
    reply = await asked(wire, host)

    assert_rejected(reply, "The `Host` header is malformed")
    assert await wire.rest() == b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("hosts", [(" a", " a"), (" a", " b"), ("", " a"), (" a", " b", " a b")])
async def test_several_hosts_are_rejected(wire: Wire, hosts: tuple[str, ...], version: str) -> None:
    assert_rejected(await asked(wire, *hosts, version=version), f"{len(hosts)} `Host` headers")


async def test_http_1_1_without_a_host_is_rejected(wire: Wire) -> None:
    assert_rejected(await asked(wire), "no `Host` header")


@pytest.mark.parametrize("version", ["0.9", "2.0"])
@pytest.mark.parametrize("hosts", [(), (" service.test",)])
async def test_a_version_that_is_not_written_in_this_form_is_rejected(
    wire: Wire, version: str, hosts: tuple[str, ...]
) -> None:
    assert_rejected(await asked(wire, *hosts, version=version), f"HTTP/{version}: send HTTP/1.1.")


async def test_http_1_0_may_leave_it_out(wire: Wire) -> None:
    assert (await asked(wire, version="1.0")).status == 200


def assert_rejected(reply: Reply, words: str) -> None:
    """400, as every rejection looks, with a request id."""
    (error,) = reply.json()["errors"]
    assert (reply.status, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert words in error["message"]
    assert reply.headers["x-request-id"]
    assert reply.headers["connection"] == "close"
