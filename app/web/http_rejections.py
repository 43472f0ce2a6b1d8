"""Errors that are sent before a request reaches the application, in the same form as the application's errors."""

from collections.abc import Iterable
from typing import cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.web.answers import Answer
from app.web.connections import GIVEN_UP, TOO_SLOW, TOO_SLOW_REASONS
from app.web.envelope import REQUEST_ID, SECURITY_HEADERS, sent_request_id
from app.web.http_errors import FailureCode, HttpError
from app.web.http_state import ConnectionState
from app.web.refused_connection import RefusedConnection
from app.web.rejected import rejection_of

MAX_HEADERS = 100
"""Maximum number of header fields of a request."""
MAX_HEADER_BYTES = 32_768
"""Maximum size of all header fields of a request, or of all its trailers."""
MAX_URL_BYTES = 65_535
"""Maximum length of a URL: httptools counts in 16 bits."""
LINGER_SECONDS = 1.0
"""Time that a refused client has to read the answer, in seconds, while data that it sends is discarded.

If the connection were closed at once, unread bytes would reset it, and the client might not receive the answer.
"""
MAX_REFUSED = 64
"""Maximum number of connections beyond the limit that stay open until their clients have read the answer: those that
were refused, and those that were closed to make room."""


class RejectingProtocol(ConnectionState):
    """Rejects requests that can't reach the application, and closes connections."""

    def close_after_answer(self) -> None:
        """Close the connection after the answers to the requests that have arrived."""
        if self._has_request():
            self.cycle.keep_alive = False

    def end(self, reason: str) -> None:
        """Close the connection at once, discarding unsent data. If its request is incomplete, send an error first.

        The client has time to read the error, in which the connection still takes a file. So only a few get one.
        """
        self._state.count(reason)
        self._state.connections.discard(self)
        is_due = self._awaits_body() and not self.pipeline
        has_begun = is_due or (self._is_within_headers() and not self._has_request())
        if has_begun and len(self._state.refused) < MAX_REFUSED:
            self._state.refused.add(self)
            self._give_up("The request took too long to arrive while the service was overloaded. Try again shortly.")
        else:
            self._note_given_up()
            if reason in TOO_SLOW_REASONS:
                self._note_too_slow()
            self.transport.abort()

    def _give_up(self, message: str) -> None:
        """Stop waiting for the rest of a request."""
        self._note_given_up()
        self._reject(HttpError(408, FailureCode.TIMEOUT, message))

    def _note_given_up(self) -> None:
        if self._awaits_body():
            self.cycle.scope["state"][GIVEN_UP] = True  # pyright: ignore[reportTypedDictNotRequiredAccess] - uvicorn sets it

    def _note_too_slow(self) -> None:
        """Tell the request that is being answered that its client has not left: the service closes the connection."""
        if self._running is not None and not self._running.response_complete:
            self._running.scope["state"][TOO_SLOW] = True  # pyright: ignore[reportTypedDictNotRequiredAccess] - uvicorn sets it

    def _reject_unreadable(self) -> None:
        """Reject a request that can't be parsed, or was found to be too large while it was parsed."""
        if self._http_error is None:
            self._state.count("not_http")
            self._reject(HttpError(400, FailureCode.BAD_REQUEST, "The request isn't valid HTTP/1.1."))
        else:
            self._state.count("headers_too_large")
            self._reject(self._http_error)

    def _reject(self, http_error: HttpError) -> None:
        """Answer the last request with an error after all earlier ones are answered, and close the connection."""
        self._http_error = http_error
        self._waiting_since = None
        is_next = not self.pipeline and (self._awaits_body() or not self._has_request())
        if is_next:
            self._send_error()
        elif not self._is_within_headers() and not self.pipeline:
            # The answer to a request has begun, and the rest of its body can't be read.
            self.transport.close()

    def _send_error(self) -> None:
        assert self._http_error is not None  # noqa: S101 - there is something to send
        if self.transport.is_closing():
            return
        answer = rejection(
            self._answer_of(self._http_error),
            self._state.default_headers,
            self._request_id(),
            has_body=self._method() != "HEAD",
        )
        self.transport.write(answer)
        if self._awaits_body():
            self.cycle.body = bytearray()
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.is_closing():
            # The client has left, which was noticed when writing.
            return
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _answer_of(self, http_error: HttpError) -> Answer:
        """Return the answer to the rejected request, in the form of its path if that is known."""
        path = path_in(bytes(self.url)) if self._has_target() else None
        return http_error.answer() if path is None else rejection_of(http_error, self.app_state, self.root_path, path)

    def _method(self) -> str | None:
        """Return the method of the rejected request; None if it has not arrived."""
        parser = cast("httptools.HttpRequestParser", self.parser)
        return parser.get_method().decode("ascii") if self._has_target() else None

    def _has_target(self) -> bool:
        """Return whether the method of the rejected request has arrived, and at least a part of its target."""
        return bool(self.url) and (self._is_within_headers() or self._awaits_body())

    def _request_id(self) -> str | None:
        """Return the id of the rejected request; None if it has none yet."""
        if self._awaits_body() and "request_id" in (state := self.scope.get("state", {})):
            return state["request_id"]
        return sent_request_id(self.scope["headers"]) if self._is_within_headers() or self._awaits_body() else None

    def _refuse_connection(self) -> None:
        """Answer that too many connections are open, and close this one after its client has had time to read that."""
        self._state.count("refused")
        self._state.connections.discard(self)
        if len(self._state.refused) >= MAX_REFUSED:
            self.transport.abort()
            return
        http_error = HttpError(
            503,
            FailureCode.SERVICE_UNAVAILABLE,
            "Too many connections are open. Try again shortly.",
            (("retry-after", "1"),),
        )
        self.transport.write(rejection(http_error.answer(), self._state.default_headers, None))
        RefusedConnection(self.transport, self._state.refused, self.loop, LINGER_SECONDS)

    def _is_too_large(self) -> bool:
        """Return whether the URL, or the headers or trailers being parsed, exceed their limits."""
        if len(self.url) > MAX_URL_BYTES:
            message = f"The URL is longer than {MAX_URL_BYTES:,} bytes: send a shorter one."
            self._http_error = HttpError(414, FailureCode.PAYLOAD_TOO_LARGE, message)
        elif self._unread - len(self.url) > MAX_HEADER_BYTES:
            self._http_error = too_large_headers()
        return self._http_error is not None


def too_large_headers() -> HttpError:
    """Return the error for too many headers, or too long ones."""
    return HttpError(
        431,
        FailureCode.PAYLOAD_TOO_LARGE,
        f"The request has more than {MAX_HEADERS} header fields, or more than {MAX_HEADER_BYTES:,} bytes of them. Send"
        " fewer.",
    )


def path_in(target: bytes) -> str | None:
    """Return the path in the target of a request, as far as it has arrived; None if it has none."""
    try:
        return unquote(httptools.parse_url(target.partition(b"?")[0][:MAX_URL_BYTES]).path.decode("ascii"))
    except (httptools.HttpParserInvalidURLError, AttributeError, UnicodeDecodeError):
        return None


def rejection(
    answer: Answer,
    default_headers: Iterable[tuple[bytes, bytes]],
    request_id: str | None,
    *,
    has_body: bool = True,
) -> bytes:
    """Return the bytes of the response, after which the connection is closed.

    `has_body`: False for the answer to HEAD, which has the same headers as that to GET (RFC 9110, 9.3.2).
    """
    fields = [*default_headers, *answer.fields(), *SECURITY_HEADERS, (b"connection", b"close")]
    if request_id is not None:
        fields.append((REQUEST_ID.encode(), request_id.encode()))
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return STATUS_LINE[answer.status] + lines + b"\r\n" + (answer.body if has_body else b"")
