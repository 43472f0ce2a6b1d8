"""The garbage collector, set for a process that serves and for the time in which it loads its modules."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG = 20_000
"""Objects that are made before the youngest are looked at: an answer of thousands of fields makes that many and drops them."""


@contextmanager
def paused_collector() -> Generator[None]:
    """Keep the collector from running while modules are loaded: it takes a sixth of that time and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def relax_collector() -> None:
    """Leave alone what was made until now, for it stays, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
