"""Distribute the tests over several processes."""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

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

# Files whose tests mostly wait: for a time limit, for processes that start, or for something that must not happen.
_WAITING = (
    "tests/web/",
    "tests/db/test_fair_share",
    "tests/db/test_shared_time_limit",
    "tests/db/test_silent_database",
    "tests/db/test_time_limits",
    "tests/e2e/test_production_log",
    "tests/pressure/test_stopping",
    "tests/test_serving",
)
_WAITING_PROCESSES = 2
"""Number of processes beside one per core. They begin with the files above, which need little processor time."""

# Tests that start servers, commands or third-party programs, or that wait for a second or longer, whatever their
# fixtures.
_STARTING = (
    "tests/conformance/",
    "tests/deployed/",
    "tests/differential/",
    "tests/e2e/",
    "tests/explorer/",
    "tests/frontends/",
    "tests/pressure/",
    "tests/webhooks/",
    "tests/contract/test_graphql_over_http_audit",
    "tests/db/test_connecting",
    "tests/db/test_database",
    "tests/db/test_embedded",
    "tests/db/test_silent_database",
    "tests/scheduling/test_time_limits",
    "tests/test_cli.",
    "tests/test_cli_companies",
    "tests/test_cli_documents",
    "tests/test_cli_import_accounts",
    "tests/test_cli_rejections",
    "tests/test_prepared",
    "tests/test_serving",
    "tests/test_settings.py::test_a_host_that_can_not_be_one",
    "tests/test_settings.py::test_everything_wrong_with_the_file",
    "tests/test_settings.py::test_serve_says_everything",
    "tests/test_settings.py::test_uvicorn",
    "tests/web/test_acceptor",
    "tests/web/test_connections",
    "tests/web/test_ending",
    "tests/web/test_full_database",
    "tests/web/test_half_closed",
    "tests/web/test_http_protocol",
    "tests/web/test_jwks.py::test_an_answer_that_never_ends",
    "tests/web/test_log_writer",
    "tests/web/test_metrics",
    "tests/web/test_pipelining",
    "tests/web/test_websocket",
    "tests/web/test_whole_gets",
    "tests/web/test_whole_requests",
)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_processes() -> int:
    """Return the number of processes of `-n auto`."""
    return cores() + _WAITING_PROCESSES


class Handout(LoadScopeScheduling):
    """Gives the next file, or the next group of files, to a process that is idle.

    A process per core ends with the files that mostly wait; all others begin with them.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        # In the order that they were put into, not by how many there are: one may take longer than hundreds.
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._computing = set[WorkerController]()

    def add_node(self, node: WorkerController) -> None:
        """Accept a process that is ready to run tests."""
        super().add_node(node)
        if len(self._computing) < cores():
            self._computing.add(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        fitting = (file for file in self.workqueue if file.startswith(_WAITING) != (node in self._computing))
        self.workqueue.move_to_end(next(fitting, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((together for together in _TOGETHER if file.startswith(together)), file)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the tests in the order in which they are distributed."""
    items.sort(key=lambda item: [not item.nodeid.startswith(together) for together in _TOGETHER])


def needs_no_server(item: pytest.Item) -> bool:
    """Return whether a test runs in this process alone, without a PostgreSQL and without waiting."""
    return "server_dsn" not in getattr(item, "fixturenames", ()) and not item.nodeid.startswith(_STARTING)
