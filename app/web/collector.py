"""The garbage collector, set for a process that serves."""

import gc

_YOUNG = 20_000
"""Objects that are made before the youngest are looked at: an answer of thousands of fields makes that many and drops them."""


def relax_collector() -> None:
    """Leave alone what was made until now, for it stays, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
