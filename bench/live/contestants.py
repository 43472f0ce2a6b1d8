"""The servers with subscriptions, each with a transport."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from bench.arrangement import LARGE_COMPANY
from bench.dialects import dialect_of
from bench.live.audience import Audience
from bench.live.ledger import Ledger
from bench.live.turns import Processes
from bench.live.wire import Transport
from bench.live.writing import NOTIFYING
from bench.options import MetadataBy, Mode
from bench.postgres import execute
from bench.servers import Running, Server, Stage, known_servers, running

TRANSPORTS = {
    "planned": (Transport.SSE, Transport.WEBSOCKET),
    "mercurius": (Transport.WEBSOCKET,),
    "postgraphile": (Transport.WEBSOCKET,),
}
"""The transports of the servers that have subscriptions."""
DOCUMENT = "S1"
_ROOM = 100


@dataclass(frozen=True, slots=True)
class Contestant:
    """A running server and a transport."""

    running: Running
    transport: Transport
    processes: Processes
    company_id: UUID = LARGE_COMPANY

    def audience(self, token: str | None, ledger: Ledger | None = None) -> Audience:
        """Return an audience without subscribers."""
        document = dialect_of(self.running.server.name).documents[DOCUMENT]
        return Audience(self.transport, self.running.port, document, token, ledger)


def following(server: Server, most: int, *, works: bool = True) -> Server:
    """Return this service with room for subscribers of one company, and with the feed's work; a peer as it is."""
    if not server.is_ours:
        return server
    room = str(most + _ROOM)
    limits = {"MAX_LIVE_STREAMS": room, "MAX_LIVE_STREAMS_PER_COMPANY": room}
    return replace(server, environment={**server.environment, **limits, "BACKGROUND_WORK": str(works).lower()})


@contextmanager
def contesting(name: str, transport: Transport, stage: Stage, most: int) -> Generator[Contestant]:
    """Start a server on a copy of the database, with the trigger for peers."""
    server = known_servers()[name]
    with stage.cluster.copied():
        if server.is_peer:
            asyncio.run(execute(stage.cluster.owner_dsn, NOTIFYING))
        with running(following(server, most), stage, Mode.PRODUCTION, MetadataBy.TABLE) as at:
            yield Contestant(at, transport, Processes(at.pid, stage.cluster.pid))
