"""How the tests are handed out to the processes that run them, when there are several."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# What begins alike shares rows that are costly to write, and so a process. The longest come first, for a long one that
# came last would run alone. All others are handed out file by file, in the usual order.
_TOGETHER = (
    "tests/differential/",
    "tests/db/test_plans",
    "tests/explorer/",
    "tests/stateful/",
    "tests/conformance/",
    "tests/deployed/",
)


class Handout(LoadScopeScheduling):
    """Work goes file by file, or together, to whichever process has nothing left to do."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        # In the order that they were put into, not by how many there are: one may take longer than hundreds.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((together for together in _TOGETHER if file.startswith(together)), file)


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which they are handed out."""
    items.sort(key=lambda item: [not item.nodeid.startswith(together) for together in _TOGETHER])
