"""Both ways of reading HTTP."""

from collections.abc import Generator

import pytest

from tests.support import listening


@pytest.fixture(scope="module", params=[True, False], ids=["whole", "parsed"])
def reading(request: pytest.FixtureRequest) -> Generator[None]:
    """The setting HTTP_WHOLE_REQUESTS of the servers that a test starts."""
    before, listening.reads_whole = listening.reads_whole, request.param
    yield
    listening.reads_whole = before
