"""Which events each subscriber must receive, and which it received, and when."""

import asyncio
import math
import time
from array import array
from collections.abc import Sequence
from typing import Any

from bench.failures import BenchError


class Refused(BenchError):
    """A server refused or ended a subscription."""


class Expected:
    """An event that was written, and who received it."""

    __slots__ = ("committed_ns", "is_counted", "last_ns", "received", "result")

    def __init__(self, result: Any, subscribers: int, *, is_counted: bool) -> None:
        self.result = result
        """The execution result that each subscriber must receive."""
        self.is_counted = is_counted
        """Whether it is measured, rather than written to find out whether everybody is subscribed."""
        self.received = bytearray(subscribers)
        """For each subscriber, whether it received the event."""
        self.committed_ns = 0
        self.last_ns = 0
        """When the last subscriber so far received it."""


class Ledger:
    """The events written for some subscribers. The first contradiction ends the wait for them with an error."""

    def __init__(self) -> None:
        self.subscribers = 0
        self.heard: set[int] = set()
        """The subscribers that received anything."""
        self.latencies = array("q")
        """Time from the commit to the receipt of each counted event, in nanoseconds."""
        self.receipts = 0
        """The number of all receipts, counted or not."""
        self._events: dict[str, Expected] = {}
        self._missing = 0
        self._waiting: asyncio.Future[None] | None = None
        self._failure: BenchError | None = None

    def expect(self, event_id: str, result: Any, *, is_counted: bool) -> Expected:
        """Return an event that all subscribers of this moment must receive. Call it before the commit."""
        expected = Expected(result, self.subscribers, is_counted=is_counted)
        self._events[event_id] = expected
        if is_counted:
            self._missing += self.subscribers
        expected.committed_ns = time.perf_counter_ns()
        return expected

    def known(self, event_id: str) -> Expected | None:
        """Return the event with this id."""
        return self._events.get(event_id)

    def identified(self, result: Any) -> Expected | None:
        """Return the event of an execution result. None, and a failure, if it is not exactly as expected."""
        if "errors" in result:
            self.fail(Refused(f"A subscriber received errors: {result['errors']}"))
            return None
        try:
            expected = self._events[result["data"]["changes"]["id"]]
        except (KeyError, TypeError):
            self.fail(BenchError(f"A subscriber received what nobody wrote: {result}"))
            return None
        if result != expected.result:
            self.fail(BenchError(f"A subscriber received {result}, and not {expected.result}"))
            return None
        return expected

    def receive(self, subscriber: int, events: Sequence[Expected]) -> None:
        """Record the receipt of events."""
        now = time.perf_counter_ns()
        self.receipts += len(events)
        for event in events:
            if subscriber >= len(event.received):
                # It subscribed after the event was written, and may or may not receive it.
                continue
            if event.received[subscriber]:
                self.fail(BenchError(f"Subscriber {subscriber} received an event twice: {event.result}"))
                return
            event.received[subscriber] = 1
            if event.is_counted:
                self._missing -= 1
                event.last_ns = now
                self.latencies.append(now - event.committed_ns)
        if len(self.heard) < self.subscribers:
            self.heard.add(subscriber)
        if self._waiting is not None and self._missing == 0 and not self._waiting.done():
            self._waiting.set_result(None)

    def fail(self, error: BenchError) -> None:
        """End the run: a subscriber received what it must not, or was disconnected."""
        self._failure = self._failure or error
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self._failure)

    def check(self) -> None:
        """Raise BenchError if anything contradicted."""
        if self._failure is not None:
            raise self._failure

    async def all_received(self, seconds: float) -> None:
        """Wait until every subscriber has every counted event. Raise BenchError if that takes longer."""
        self.check()
        if self._missing == 0:
            return
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._waiting, seconds)
        except TimeoutError:
            msg = f"{self._missing:,} receipts of events are missing {seconds:g} seconds after the last commit."
            raise BenchError(msg) from None
        finally:
            self._waiting = None

    def forget(self) -> "Received":
        """Return the figures of the counted events, and begin anew. All must have been received."""
        events = [event for event in self._events.values() if event.is_counted]
        reached = sorted(event.last_ns - event.committed_ns for event in events)
        latencies, self.latencies = sorted(self.latencies), array("q")
        # Kept without counting: what arrives a second time is found later too.
        for event in events:
            event.is_counted = False
        return Received(len(events), latencies, reached)


class Received:
    """What all subscribers received during a turn."""

    def __init__(self, events: int, latencies: Sequence[int], reached: Sequence[int]) -> None:
        self.events = events
        self.deliveries = len(latencies)
        self.p50_ms = _percentile(latencies, 0.5)
        self.p99_ms = _percentile(latencies, 0.99)
        self.all_p99_ms = _percentile(reached, 0.99)
        """The time in which this share of the events reached the last subscriber."""


def _percentile(values: Sequence[int], share: float) -> float:
    """Return the value that this share of sorted nanoseconds does not exceed, in milliseconds."""
    return values[max(0, math.ceil(share * len(values)) - 1)] / 1e6
