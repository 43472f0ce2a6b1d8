"""How a run ends early: SIGTERM and Ctrl-C unwind what was started, wherever they come."""

import signal
import sys
from types import FrameType

_INTERRUPTED = 130
_AGAIN_SECONDS = 0.01
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """Let the first signal end the run in good order; a second one changes nothing."""
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
    """Whether an exception raised now would only be printed: Python lets none out of a `__del__`."""
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
