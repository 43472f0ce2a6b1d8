"""Tell the answer to a request that its client may have left."""

from collections.abc import Callable, MutableMapping
from typing import Any

_LEAVES = "leaves"


def on_leaving(scope: MutableMapping[str, Any], listener: Callable[[], None]) -> None:
    """Call a function when the request's client ends its side of the connection, and when it has left."""
    scope["state"][_LEAVES] = listener


def tell_leaving(scope: MutableMapping[str, Any]) -> None:
    """Call the function of a request, if it has one."""
    listener = scope.get("state", {}).get(_LEAVES)
    if listener is not None:
        listener()
