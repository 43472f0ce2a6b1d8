"""What tests of one process share: none sees what an earlier one did."""

import logging
import socket
import weakref
from collections.abc import Callable

import pytest
import structlog

from app.background.job import Job
from app.settings import Settings
from app.web.application import create_app
from tests.support.background import background
from tests.support.commands import free_port
from tests.support.left_behind import changes, process_state
from tests.support.lifespan import lifespan_of
from tests.support.listening import listening
from tests.support.logging_state import logging_restored
from tests.support.toy_app import toy_app
from tests.support.tracked import tracked


class Thing:
    """An object that can be referred to weakly."""


class Resting(Job):
    """Works once in an hour."""

    name = "resting"

    async def run_once(self) -> float:
        return 3_600


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda: structlog.configure(processors=[]), "structlog"),
        (lambda: logging.getLogger("alembic").setLevel(logging.CRITICAL), "log levels"),
        (lambda: logging.basicConfig(handlers=[logging.NullHandler()], force=True), "handlers of logs"),
    ],
)
def test_what_later_tests_would_see_is_noticed(change: Callable[[], None], name: str) -> None:
    before = process_state()
    with logging_restored():
        change()
        assert changes(before, process_state()).keys() == {name}
    assert changes(before, process_state()) == {}


def test_a_setting_that_is_left_in_the_environment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process_state()
    monkeypatch.setenv("LOG_FORMAT", "json")
    assert changes(before, process_state()).keys() == {"environment"}


async def test_an_application_that_has_ended_leaves_logging_as_it_was() -> None:
    before = process_state()
    async with lifespan_of(create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))):
        assert "structlog" in changes(before, process_state())
    assert changes(before, process_state()) == {}


async def test_a_job_that_is_not_stopped_is_noticed() -> None:
    before = process_state()
    async with background(Resting()):
        assert changes(before, process_state()) == {"jobs": ([], ["resting"])}
    assert changes(before, process_state()) == {}


async def test_ctrl_c_ends_the_tests_although_one_of_them_runs_a_server() -> None:
    before = process_state()
    async with listening(toy_app()):
        assert changes(before, process_state()) == {}


def test_objects_are_found_beside_a_weak_reference_to_one_that_is_gone() -> None:
    gone, kept = Thing(), Thing()
    reference = weakref.proxy(gone)
    del gone
    assert tracked(Thing) == [kept]
    assert reference is not None


def test_a_free_port_is_neither_taken_nor_given_again_soon() -> None:
    ports = [free_port() for _ in range(50)]
    assert len({*ports}) == len(ports)
    for port in ports[:3]:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            pass
