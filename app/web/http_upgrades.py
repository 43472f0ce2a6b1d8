"""Requests that ask for an upgrade (ADR 18): they are read as if they had not asked."""

from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class UpgradeProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which ignores an upgrade unless the connection becomes a WebSocket.

    httptools ends a request that asks for an upgrade with its headers, whether or not a body follows, and raises
    HttpParserUpgrade with the position after them. The headers are then parsed again by a new parser, without `Upgrade`,
    and what follows as usual.
    """

    def parse(self, piece: bytes | memoryview) -> int:
        """Parse a piece up to its end, or to the end of headers that ask for an upgrade. Return the number of bytes parsed.

        Raise HttpParserError if the piece isn't HTTP, or if a callback refuses it.
        """
        try:
            self.parser.feed_data(piece)
        except HttpParserUpgrade as asked:
            if self._takes_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._parse_again_without_upgrade()
            return cast("int", asked.args[0])
        return len(piece)

    def on_chunk_header(self) -> None:
        """Let go of the headers: fields that follow a chunk are trailers, which must not be merged into them."""
        self.headers = []

    def _should_upgrade(self) -> bool:
        """Have uvicorn's callbacks leave every request that asks for an upgrade to `parse`."""
        return True

    def _takes_upgrade(self) -> bool:
        """Return whether the connection becomes a WebSocket: uvicorn has a protocol for it, and the request is a handshake."""
        return super()._should_upgrade() and self.scope["method"] == "GET"

    def _parse_again_without_upgrade(self) -> None:
        if self.scope["method"] == "CONNECT":
            # It asks for a tunnel by its method, and can't be read in another way.
            raise HttpParserError
        lines = [b"%b %b HTTP/%b" % (self.scope["method"].encode(), self.url, self.scope["http_version"].encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        # As uvicorn's own: after a request with `Connection: close`, more may have been sent.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
