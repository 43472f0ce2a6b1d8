"""Settings of the garbage collector, while a process loads its modules and while it serves."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG = 20_000
"""Number of allocated objects that starts a collection.

A response of thousands of fields allocates and frees that many.
"""


@contextmanager
def paused_collector() -> Generator[None]:
    """Pause the collector while modules are loaded: it would take a sixth of that time and free nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def relax_collector() -> None:
    """Exclude all existing objects, which live until the process ends, and collect new ones less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
