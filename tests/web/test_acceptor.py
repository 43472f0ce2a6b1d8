"""Taking connections: a system that has no files left for them is asked again."""

import asyncio
import errno
import socket
import sys
from typing import Any

import pytest

from app.web import acceptor
from app.web.acceptor import Acceptor


class Exhausted(socket.socket):
    """A listener for whose first connections there are no file descriptors."""

    failures = 2

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


class Greeter(asyncio.Protocol):
    """Says one word, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"welcome")
        transport.close()


async def test_connections_are_accepted_again_after_files_had_run_out() -> None:
    listener = Exhausted()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    accepting = Acceptor(listener, Greeter)
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    async with asyncio.timeout(10):
        assert await reader.read() == b"welcome"
    assert listener.failures == 0
    writer.close()
    accepting.close()


@pytest.mark.skipif(sys.platform != "linux", reason="another kernel has no such filter")
async def test_waiting_connections_are_accepted_before_the_listener_closes_and_none_after() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    accepting = Acceptor(listener, Greeter)
    waiting = [socket.create_connection(address) for _ in range(20)]
    acceptor.refuse_new_connections(listener)
    late = asyncio.create_task(asyncio.open_connection(*address))
    await asyncio.sleep(0.1)
    assert not late.done()
    accepting.close()
    for connection in waiting:
        connection.setblocking(False)
        async with asyncio.timeout(10):
            assert await asyncio.get_running_loop().sock_recv(connection, 100) == b"welcome"
        connection.close()
    try:
        async with asyncio.timeout(10):
            await late
    except ConnectionRefusedError:
        return
    raise AssertionError
