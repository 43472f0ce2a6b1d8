"""uvicorn's HTTP/1.1 protocol, corrected where it departs from RFC 9110: upgrades that are not taken, and trailers (ADR 18)."""

from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_INVALID = "Invalid HTTP request received."


class HttpProtocol(HttpToolsProtocol):
    """Read a request that asks for an upgrade as if it had not asked, unless the upgrade is taken.

    httptools ends such a request with its headers, whether or not a body follows, and raises HttpParserUpgrade with the
    position after them. The headers are then parsed again by a new parser, without `Upgrade`, and what follows as usual.
    """

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; requests without an upgrade take the same steps as in uvicorn."""
        self._unset_keepalive_if_required()
        unread: bytes | memoryview = data
        try:
            while True:
                try:
                    self.parser.feed_data(unread)
                except HttpParserUpgrade as asked:
                    # A view: a client may send thousands of such requests at once.
                    unread = memoryview(unread)[cast("int", asked.args[0]) :]
                else:
                    return
                if self._takes_upgrade():
                    self.handle_websocket_upgrade()
                    return
                self._parse_again_without_upgrade()
        except HttpParserError:
            self.logger.warning(_INVALID)
            self.send_400_response(_INVALID)

    def on_chunk_header(self) -> None:
        """Let go of the headers: fields that follow a chunk are trailers, which are not to be merged into them."""
        self.headers = []

    def _should_upgrade(self) -> bool:
        """Have uvicorn's callbacks leave every request that asks for an upgrade to `data_received`."""
        return True

    def _takes_upgrade(self) -> bool:
        """Whether the connection becomes a WebSocket: uvicorn has a protocol for it, and the request is a handshake."""
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
