"""A connection of a client, as the server's limits see it."""

from typing import Protocol


class ClientConnection(Protocol):
    """The properties and methods of a connection that the limits need."""

    @property
    def idle_since(self) -> float | None:
        """The time since when it has no request; None while it has one."""
        ...

    @property
    def company_id(self) -> object:
        """The company of its last valid credential; None without one: all such connections count as one company."""
        ...

    @property
    def unsent_since(self) -> float:
        """The time since when many bytes are buffered for its client and the client has read none of them."""
        ...

    @property
    def incomplete_since(self) -> float | None:
        """The time since when it waits for a request's body; None if it doesn't."""
        ...

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes buffered for its client."""
        ...

    def has_arrived(self) -> bool:
        """Return whether its client has sent data that was not read yet."""
        ...

    def close_after_answer(self) -> None:
        """Close it after the answers to the requests that have arrived. Leave it open if there are none."""
        ...

    def look(self, now: float, stalled: float) -> None:
        """Close it if its client has taken too long, not counting the seconds in which this process was blocked."""
        ...

    def end(self, reason: str) -> None:
        """Close it at once, discarding unsent data."""
        ...
