"""Requests to receivers of all kinds: what counts as delivered, and what each failure is called."""

import asyncio
import ssl
import time
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from app.domain.deliveries import DeliveryError
from app.webhooks.client import Answer, Client
from app.webhooks.network import PublicNetwork
from tests.support.certificates import Authority
from tests.support.commands import free_port
from tests.support.receiver import Behavior, Receiver, answering, receiving, repeating, silent, writing
from tests.support.trust import TRUST

HEADERS = ((b"webhook-id", b"1"),)


async def post(client: Client, url: str, body: bytes = b"{}") -> Answer:
    async with client.receiver(url) as receiver:
        return await receiver.post(HEADERS, body)


async def test_a_request_has_its_headers_and_its_body(client: Client, receiver: Receiver) -> None:
    answer = await post(client, f"http://127.0.0.1:{receiver.port}/hooks/å?a=1#b", b'{"a": "\xc3\xa5"}')

    assert (answer.error, answer.status, answer.text) == (None, 204, "")
    (request,) = receiver.requests
    assert request.target == "/hooks/%C3%A5?a=1"
    assert request.body == b'{"a": "\xc3\xa5"}'
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "webhook-id": "1",
        "content-length": str(len(request.body)),
    }


async def test_requests_share_a_connection_until_the_receiver_closes_it(client: Client, receiver: Receiver) -> None:
    async with client.receiver(f"http://127.0.0.1:{receiver.port}/") as opened:
        for _ in range(3):
            assert (await opened.post(HEADERS, b"{}")).error is None
        assert receiver.connections == 1
        receiver.leave()
        await asyncio.sleep(0.05)
        assert (await opened.post(HEADERS, b"{}")).error is None
    assert receiver.connections == 2


@pytest.mark.parametrize(
    ("behavior", "error", "status"),
    [
        (answering("200 OK", b"fine"), None, 200),
        (answering("299 Whatever"), None, 299),
        (answering("400 Bad Request"), DeliveryError.HTTP_STATUS, 400),
        (answering("410 Gone"), DeliveryError.HTTP_STATUS, 410),
        (answering("500 Internal Server Error"), DeliveryError.HTTP_STATUS, 500),
        (answering("301 Moved Permanently", location="/elsewhere"), DeliveryError.REDIRECT, 301),
        (answering("307 Temporary Redirect", location="/elsewhere"), DeliveryError.REDIRECT, 307),
        (answering("304 Not Modified"), DeliveryError.REDIRECT, 304),
        (writing(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: a\r\n\r\n"), DeliveryError.INVALID_ANSWER, None),
        (writing(b"", closes=True), DeliveryError.INVALID_ANSWER, None),
        (writing(b"HTTP/1.1 200 OK\r\ncontent-le", closes=True), DeliveryError.INVALID_ANSWER, None),
        (writing(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", closes=True), None, 200),
        (writing(b"HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nhalf", closes=True), DeliveryError.HTTP_STATUS, 500),
        (writing(b"220 mail.example.com ESMTP\r\n\r\n"), DeliveryError.INVALID_ANSWER, None),
        (writing(b"\0" * 1_000, closes=True), DeliveryError.INVALID_ANSWER, None),
        (repeating(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1_000), DeliveryError.INVALID_ANSWER, None),
    ],
)
async def test_the_status_decides_and_without_one_the_delivery_failed(
    client: Client, receiver: Receiver, behavior: Behavior, error: DeliveryError | None, status: int | None
) -> None:
    receiver.behavior = behavior

    answer = await post(client, f"http://127.0.0.1:{receiver.port}/")

    assert (answer.error, answer.status) == (error, status)
    assert [request.target for request in receiver.requests] == ["/"], "a redirect is not followed"


@pytest.mark.parametrize(
    ("behavior", "error", "status"),
    [
        (silent(), DeliveryError.TIMEOUT, None),
        (repeating(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", pause=0.01), DeliveryError.TIMEOUT, None),
        (repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01), DeliveryError.TIMEOUT, None),
        (repeating(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"a", pause=0.1), None, 200),
    ],
)
async def test_an_answer_that_does_not_end_is_read_until_the_time_limit(
    impatient: Client, receiver: Receiver, behavior: Behavior, error: DeliveryError | None, status: int | None
) -> None:
    receiver.behavior = behavior
    begun = time.monotonic()

    answer = await post(impatient, f"http://127.0.0.1:{receiver.port}/")

    assert (answer.error, answer.status) == (error, status)
    assert 500 <= answer.milliseconds <= (time.monotonic() - begun) * 1_000 + 1 < 10_000


@pytest.mark.parametrize("start", [b"content-length: 99999999999\r\n\r\n", b"\r\n", b"content-encoding: gzip\r\n\r\n"])
async def test_of_a_huge_answer_only_the_beginning_is_read(client: Client, receiver: Receiver, start: bytes) -> None:
    receiver.behavior = repeating(b"HTTP/1.1 500 No\r\n" + start, b"abcdefgh" * 10_000)

    answer = await post(client, f"http://127.0.0.1:{receiver.port}/")

    assert (answer.status, answer.text) == (500, "abcdefgh" * 125)
    assert answer.milliseconds < 10_000


async def test_the_beginning_of_an_answer_is_a_text_that_can_be_stored(client: Client, receiver: Receiver) -> None:
    receiver.behavior = answering("500 No", b"a\0b\xffc")

    assert (await post(client, f"http://127.0.0.1:{receiver.port}/")).text == "a\ufffdb\ufffdc"


async def test_cookies_are_not_sent_back(client: Client, receiver: Receiver) -> None:
    receiver.behavior = answering("200 OK", set_cookie="session=1")
    async with client.receiver(f"http://127.0.0.1:{receiver.port}/") as opened:
        await opened.post(HEADERS, b"{}")
        await opened.post(HEADERS, b"{}")

    assert ["cookie" in request.headers for request in receiver.requests] == [False, False]


async def test_the_environment_s_proxy_is_not_used(
    client: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    assert (await post(client, f"http://127.0.0.1:{receiver.port}/")).error is None


async def test_a_port_where_nothing_listens_is_a_failed_connection(client: Client) -> None:
    answer = await post(client, f"http://127.0.0.1:{free_port()}/")

    assert (answer.error, answer.status, answer.text) == (DeliveryError.CONNECTION, None, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ftp://127.0.0.1/", "//127.0.0.1/", "https://", ""])
async def test_only_https_is_allowed_without_the_setting(url: str) -> None:
    client = Client(PublicNetwork(allows_private=True), seconds=0.5, trust=TRUST)

    assert (await post(client, url)).error is DeliveryError.URL_NOT_ALLOWED


async def test_a_certificate_for_the_host_is_accepted(trust: ssl.SSLContext, secure_receiver: Receiver) -> None:
    client = Client(PublicNetwork(allows_private=True), seconds=5, trust=trust)

    answer = await post(client, f"https://localhost:{secure_receiver.port}/hook")

    assert (answer.error, answer.status) == (None, 204)
    assert secure_receiver.requests[0].headers["host"] == f"localhost:{secure_receiver.port}"


async def test_a_certificate_of_another_authority_is_rejected(secure_receiver: Receiver) -> None:
    client = Client(PublicNetwork(allows_private=True), seconds=5, trust=TRUST)

    assert (await post(client, f"https://localhost:{secure_receiver.port}/")).error is DeliveryError.TLS
    assert secure_receiver.requests == []


async def test_a_certificate_for_another_host_is_rejected(
    authority: Authority, trust: ssl.SSLContext, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("other.example", tmp_path))
    client = Client(PublicNetwork(allows_private=True), seconds=5, trust=trust)
    async with receiving(context) as receiver:
        assert (await post(client, f"https://localhost:{receiver.port}/")).error is DeliveryError.TLS
        assert receiver.requests == []


async def test_an_expired_certificate_is_rejected(authority: Authority, trust: ssl.SSLContext, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost", tmp_path, until=timedelta(minutes=-1)))
    client = Client(PublicNetwork(allows_private=True), seconds=5, trust=trust)
    async with receiving(context) as receiver:
        assert (await post(client, f"https://localhost:{receiver.port}/")).error is DeliveryError.TLS
        assert receiver.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", DeliveryError.TLS),
        (b"\x15\x03\x03\x00\x02\x02\x28", DeliveryError.TLS),
        (b"", DeliveryError.CONNECTION),
    ],
    ids=["HTTP", "an alert", "the end"],
)
async def test_a_handshake_that_fails_is_told_from_other_failures(
    trust: ssl.SSLContext, answer: bytes, error: DeliveryError
) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    client = Client(PublicNetwork(allows_private=True), seconds=5, trust=trust)
    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        assert (await post(client, url)).error is error


async def test_a_receiver_that_does_not_read_a_large_body_is_given_up(impatient: Client) -> None:
    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cast("asyncio.Transport", writer.transport).pause_reading()
        await asyncio.sleep(3)
        writer.transport.abort()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        assert (await post(impatient, url, b" " * 20_000_000)).error is DeliveryError.TIMEOUT


async def test_a_receiver_without_tls_is_rejected(trust: ssl.SSLContext, receiver: Receiver) -> None:
    receiver.behavior = answering()
    client = Client(PublicNetwork(allows_private=True), seconds=0.5, trust=trust)

    answer = await post(client, f"https://localhost:{receiver.port}/")

    assert answer.error in {DeliveryError.TLS, DeliveryError.CONNECTION, DeliveryError.TIMEOUT}
    assert receiver.requests == []
