"""The end of a server: the time by which requests must be answered, and the answer to those that are stopped."""

from asyncio import get_running_loop
from collections.abc import Callable
from http import HTTPStatus
from weakref import WeakSet

from starlette.types import Scope

from app.engine.mutation_deadline import MutationDeadline
from app.web.causes import log_service_stopped
from app.web.http_errors import FailureCode, HttpError

ENDING = "ending"
"""Key in a request's state: the `Ending` of its server."""

_STOPPED = (
    "The service is shutting down, so the request was stopped; nothing was stored."
    " Send it again: another instance answers it, or this one once it has restarted."
)
_OUTCOME_UNKNOWN = (
    "The service is shutting down, so the request was stopped, and it is unknown whether the change was stored."
    " Repeat it with the same idempotency key, or check the data before you repeat it."
)


class Ending:
    """When a server stops its requests."""

    def __init__(self) -> None:
        self.ends_at: float | None = None
        """The time by which mutations must end, by the event loop's clock; None unless the server is shutting down."""
        self.has_canceled = False
        """Whether the server has canceled the requests that were still running."""
        self._running = WeakSet[MutationDeadline]()
        self._listeners: dict[Callable[[], None], None] = {}

    def begin(self, ends_at: float) -> None:
        """Let running mutations and later ones end by this time, and streams now."""
        self.ends_at = ends_at
        for listener in self._listeners:
            listener()
        for deadline in self._running:
            deadline.bring_forward(ends_at)

    def on_begin(self, listener: Callable[[], None]) -> None:
        """Call a function when the server begins to shut down, or now if it does so already."""
        self._listeners[listener] = None
        if self.ends_at is not None:
            listener()

    def deadline(self, ends_at: float) -> MutationDeadline:
        """Return the deadline of a mutation that may run until `ends_at`, unless the server shuts down before."""
        deadline = MutationDeadline(ends_at if self.ends_at is None else min(ends_at, self.ends_at))
        self._running.add(deadline)
        return deadline

    def has_stopped(self, error: Exception) -> bool:
        """Return whether an operation ran out of time because the server is shutting down. Nothing of it is stored."""
        is_late = isinstance(error, HttpError) and error.status == HTTPStatus.GATEWAY_TIMEOUT
        return is_late and self.ends_at is not None and get_running_loop().time() >= self.ends_at


def ending_of(scope: Scope) -> Ending:
    """Return the ending of the server that received a request; without a server, one that never comes."""
    ending = scope.get("state", {}).get(ENDING)
    return ending if isinstance(ending, Ending) else Ending()


def stopped(request_id: str, *, may_be_stored: bool = False) -> HttpError:
    """Log that a request was stopped because the server is shutting down, and return its error."""
    log_service_stopped(request_id)
    if may_be_stored:
        return HttpError(503, FailureCode.OUTCOME_UNKNOWN, _OUTCOME_UNKNOWN)
    return HttpError(503, FailureCode.SERVICE_UNAVAILABLE, _STOPPED, (("retry-after", "2"),))
