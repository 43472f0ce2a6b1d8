"""The collector while modules are loaded."""

import gc
from contextlib import suppress

from app.web.collector import paused_collector


def test_the_collector_pauses_while_modules_are_loaded_and_goes_on_whatever_happens() -> None:
    assert gc.isenabled()
    with suppress(ImportError), paused_collector():
        assert not gc.isenabled()
        with paused_collector():
            pass
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
