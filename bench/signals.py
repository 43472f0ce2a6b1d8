"""Handling of SIGTERM and Ctrl-C, which stop everything that was started."""

import signal
import sys
from types import FrameType

_INTERRUPTED = 130
_AGAIN_SECONDS = 0.01
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """Raise SystemExit on the first signal, so that context managers clean up. Ignore further signals."""
    for number in (*_SIGNALS, signal.SIGALRM):
        signal.signal(number, _end)


def _end(_number: int, frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if _is_swallowed(frame):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    else:
        sys.exit(_INTERRUPTED)


def _is_swallowed(frame: FrameType | None) -> bool:
    """Return whether an exception raised now would be ignored, because a `__del__` is running."""
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
