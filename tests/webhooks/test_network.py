"""Names are looked up once, and no connection is opened to an address that isn't public."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from threading import Event

import pytest
from httpcore import SOCKET_OPTION, AnyIOBackend, AsyncNetworkStream, ConnectError
from typing_extensions import override

from app.domain.deliveries import DeliveryError
from app.domain.network_addresses import Address
from app.webhooks.client import Answer, Client
from app.webhooks.names import LookUp, addresses_of
from app.webhooks.network import PublicNetwork
from tests.support.receiver import Receiver
from tests.support.trust import TRUST


class Elsewhere(AnyIOBackend):
    """Notes the addresses that connections are opened to, and leads those that accept any to a receiver."""

    def __init__(self, port: int, *, failing: Iterable[str] = ()) -> None:
        self.port = port
        self.failing = {*failing}
        self.addresses: list[str] = []

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        self.addresses.append(host)
        if host in self.failing:
            raise ConnectError
        return await super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


def resolver(*answers: Sequence[str]) -> LookUp:
    """Return a look-up that gives these answers, one after the other."""
    left = [*answers]

    async def look_up(_host: str, _port: int) -> Sequence[Address]:
        await asyncio.sleep(0)
        return [ip_address(address) for address in left.pop(0)]

    return look_up


async def post(network: PublicNetwork, url: str = "http://receiver.example/") -> Answer:
    async with Client(network, seconds=5, allows_http=True, trust=TRUST).receiver(url) as receiver:
        return await receiver.post((), b"{}")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f000001", "0", "[::]"],
)
async def test_this_machine_is_not_reached_however_it_is_written(receiver: Receiver, host: str) -> None:
    answer = await post(PublicNetwork(), f"http://{host}:{receiver.port}/")

    assert answer.error is DeliveryError.REFUSED_ADDRESS
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433"])
async def test_the_setting_allows_this_machine(receiver: Receiver, host: str) -> None:
    assert (await post(PublicNetwork(allows_private=True), f"http://{host}:{receiver.port}/")).error is None


async def test_a_name_is_looked_up_once_so_its_dns_can_t_change_in_between(receiver: Receiver) -> None:
    connections = Elsewhere(receiver.port)
    network = PublicNetwork(look_up=resolver(["93.184.215.14"], ["127.0.0.1"]), connections=connections)

    assert (await post(network)).error is None
    assert connections.addresses == ["93.184.215.14"]
    # The next request with a new connection asks again, and is refused.
    assert (await post(network)).error is DeliveryError.REFUSED_ADDRESS
    assert connections.addresses == ["93.184.215.14"]


async def test_one_address_that_is_not_public_among_others_is_enough_to_refuse(receiver: Receiver) -> None:
    connections = Elsewhere(receiver.port)
    network = PublicNetwork(look_up=resolver(["93.184.215.14", "2606:4700::1", "10.0.0.1"]), connections=connections)

    assert (await post(network)).error is DeliveryError.REFUSED_ADDRESS
    assert connections.addresses == []


async def test_the_next_address_is_tried_if_one_accepts_no_connection(receiver: Receiver) -> None:
    connections = Elsewhere(receiver.port, failing=["2606:4700::1", "1.1.1.1"])
    network = PublicNetwork(look_up=resolver(["2606:4700::1", "1.1.1.1", "8.8.8.8"]), connections=connections)

    assert (await post(network)).error is None
    assert connections.addresses == ["2606:4700::1", "1.1.1.1", "8.8.8.8"]


async def test_at_most_four_addresses_are_tried() -> None:
    addresses = [f"8.8.8.{number}" for number in range(9)]
    connections = Elsewhere(0, failing=addresses)

    answer = await post(PublicNetwork(look_up=resolver(addresses), connections=connections))

    assert answer.error is DeliveryError.CONNECTION
    assert connections.addresses == addresses[:4]


async def test_a_name_without_addresses_is_reported() -> None:
    assert (await post(PublicNetwork(look_up=resolver([])))).error is DeliveryError.NAME_NOT_FOUND


@pytest.mark.parametrize("host", [f"{'a' * 64}.example"])
async def test_a_name_that_does_not_exist_is_reported(host: str) -> None:
    assert (await post(PublicNetwork(), f"http://{host}/")).error is DeliveryError.NAME_NOT_FOUND


async def test_a_look_up_without_an_answer_ends_with_the_time_limit() -> None:
    async def never(_host: str, _port: int) -> Sequence[Address]:
        await asyncio.sleep(3_600)
        return []

    client = Client(PublicNetwork(look_up=never), seconds=0.1, allows_http=True, trust=TRUST)
    begun = time.monotonic()
    async with client.receiver("http://receiver.example/") as receiver:
        answer = await receiver.post((), b"{}")

    assert answer.error is DeliveryError.TIMEOUT
    assert time.monotonic() - begun < 5


async def test_look_ups_that_hang_keep_no_thread_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, hanging = Event(), 100

    def hang(*_: object, **__: object) -> list[object]:
        gate.wait(30)
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr("app.webhooks.names.socket.getaddrinfo", hang)
        look_ups = [asyncio.create_task(addresses_of("slow.example", 443)) for _ in range(hanging)]
        await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        assert await asyncio.to_thread(lambda: 1) == 1
        assert {*await addresses_of("localhost", 443)} <= {ip_address("127.0.0.1"), ip_address("::1")}
    gate.set()
    assert [type(error) for error in await asyncio.gather(*look_ups, return_exceptions=True)] == [OSError] * hanging


async def test_a_connection_whose_tls_handshake_is_not_answered_is_closed() -> None:
    closed = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        closed.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    client = Client(PublicNetwork(allows_private=True), seconds=0.2, trust=TRUST)
    async with server, client.receiver(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as receiver:
        assert (await receiver.post((), b"{}")).error is DeliveryError.TIMEOUT
    async with asyncio.timeout(20):
        await closed.wait()
