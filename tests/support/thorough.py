"""Number of examples that randomized tests try: usual, fewer with `QUICK=1` (`make check`), more with `THOROUGH=1`
(CI)."""

import os

IS_THOROUGH = os.environ.get("THOROUGH") == "1"
IS_QUICK = os.environ.get("QUICK") == "1"
_QUICK_SHARE = 5
"""A quick run tries a fifth of the examples; `make test` tries them all."""


def number(usual: int, thorough: int) -> int:
    """Return the number of examples in this run, where a thorough run tries more."""
    return thorough if IS_THOROUGH else usual


def examples(usual: int) -> int:
    """Return the number of Hypothesis examples in this run, where a quick run tries fewer."""
    return usual // _QUICK_SHARE if IS_QUICK else usual
