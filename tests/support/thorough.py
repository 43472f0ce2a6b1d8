"""How much is tried by the tests that try many examples: an everyday number, or with `THOROUGH=1` several times as many."""

import os

IS_THOROUGH = os.environ.get("THOROUGH") == "1"


def number(everyday: int, thorough: int) -> int:
    """Return how many to try, in this run."""
    return thorough if IS_THOROUGH else everyday
