"""Time limits for clients: to send headers, to send a body, and to read answers."""

from app.web.connections import RESUMABLE
from app.web.http_rejections import RejectingProtocol

MIN_BODY_RATE = 20_000
"""Minimum rate of a body, in bytes per second, on top of the fixed time."""


class TimedProtocol(RejectingProtocol):
    """Closes the connection if its client takes too long. The server checks each connection once a second."""

    def look(self, now: float, stalled: float) -> None:
        """Close the connection if its client has taken too long.

        `stalled`: seconds in which this process was blocked.
        """
        if self._is_idle_stream():
            self._last_unsent = 0
            self._state.let_rest(self)
            return
        self._body_since += stalled
        self._progress_at += stalled
        if self._waiting_since is not None:
            # While reading is paused, the client can't send.
            self._waiting_since = now if self.flow.read_paused else self._waiting_since + stalled
        unsent = self.unsent_bytes
        if unsent and self._state.has_waited(now) and self._is_resumable():
            self.end("slow_reader")
            return
        if unsent != self._last_unsent or not unsent:
            self._last_unsent, self._progress_at = unsent, now
        elif now - self._progress_at >= self._state.limits.send_seconds:
            self.end("slow_reader")
            return
        if self._waiting_since is None:
            self._look_at_body(now)
        elif now - self._waiting_since >= self._state.limits.head_seconds and not self.has_arrived():
            self._end_waiting()

    def _is_resumable(self) -> bool:
        """Return whether the answer that is unread is a stream."""
        running = self._running
        return running is not None and RESUMABLE in running.scope.get("state", {})

    def _look_at_body(self, now: float) -> None:
        if not self._awaits_body():
            return
        if self.incomplete_since is None:
            self._body_since = now
        elif (
            now - self._body_since >= self._state.limits.body_seconds + self._body_bytes / MIN_BODY_RATE
            and not self.has_arrived()
        ):
            self._state.count("slow_body")
            self._give_up(
                f"The body took too long to arrive. Send it within {self._state.limits.body_seconds:g} seconds, "
                f"and one more for each {MIN_BODY_RATE:,} bytes."
            )

    def _end_waiting(self) -> None:
        """Stop waiting for headers of which none, or a part, has arrived."""
        if self._has_request():
            # Earlier requests are still answered; the incomplete one is dropped.
            self.close_after_answer()
        elif self.transport.is_closing():
            return
        elif self._is_within_headers():
            self._state.count("slow_headers")
            self._give_up(f"The headers took longer than {self._state.limits.head_seconds:g} seconds to arrive.")
        else:
            self._state.count("silent")
            self.transport.close()
