"""What randomized tests draw from: the same seeds in every run, or those of `SEED` (`make test-random`).

A test that draws other examples in every run fails now and then for a rare one, whatever was changed.
"""

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.support.thorough import examples

SEED: str | None = os.environ.get("SEED") or None


def load_profile() -> None:
    """Set the defaults of all Hypothesis tests."""
    settings.register_profile(
        "any machine",
        max_examples=examples(100),
        derandomize=SEED is None,
        # An example that failed before would be tried first, and so others later.
        database=None,
        # How long an example takes says how busy the machine is.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
    )
    settings.load_profile("any machine")
    if SEED is None:
        # Hypothesis also draws the constants of the modules that are loaded: the examples would change with every
        # commit, and with the tests that ran before. With `SEED` it does.
        providers.is_local_module_file = _is_never_local  # pyright: ignore[reportPrivateImportUsage]


def chance_of(test: str) -> Random:
    """Return what a test draws from that needs no Hypothesis."""
    return Random(test if SEED is None else f"{SEED} {test}")  # noqa: S311 - no secret


def _is_never_local(path: str) -> bool:
    del path
    return False
