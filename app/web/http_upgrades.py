"""Requests with an `Upgrade` header (ADR 18): they are processed as if they had none."""

from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class UpgradeProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which ignores an upgrade unless the connection becomes a WebSocket.

    httptools ends a request with an `Upgrade` header after its headers, even if a body follows, and raises
    HttpParserUpgrade with that position. The headers are then parsed again by a new parser, without `Upgrade`, followed
    by the rest of the data.
    """

    def parse(self, piece: bytes | memoryview) -> int:
        """Parse a piece up to its end, or to the end of headers with `Upgrade`. Return the number of bytes parsed.

        Raise HttpParserError if the piece isn't HTTP, or if a callback rejects it.
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
        """Start a new list of fields: those after a chunk are trailers, which must not be merged into the headers."""
        self.headers = []

    def _should_upgrade(self) -> bool:
        """Make uvicorn's callbacks leave every request with `Upgrade` to `parse`."""
        return True

    def _takes_upgrade(self) -> bool:
        """Return whether the connection becomes a WebSocket.

        The request must be a handshake that uvicorn supports and ask for nothing else, and all earlier requests must be
        answered.
        """
        if not (super()._should_upgrade() and self.scope["method"] == "GET" and self.scope["http_version"] == "1.1"):
            return False
        if sum(name == b"upgrade" for name, _ in self.headers) > 1:
            return False
        return self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request

    def _parse_again_without_upgrade(self) -> None:
        if self.scope["method"] == "CONNECT":
            # CONNECT requests a tunnel by its method, so removing the header doesn't help.
            raise HttpParserError
        lines = [b"%b %b HTTP/%b" % (self.scope["method"].encode(), self.url, self.scope["http_version"].encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        # As in uvicorn's parser: more data may follow a request with `Connection: close`.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))
