"""How many connections a process takes follows from the files that it may have open."""

import resource
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from app.cli.failures import CommandError
from app.cli.open_files import connection_limits
from app.settings import Settings


@contextmanager
def files(soft: int, hard: int) -> Generator[None]:
    """Have the system tell these limits, and take note that the first is raised to the second."""
    limits = [(soft, hard)]

    def limit(_kind: int) -> tuple[int, int]:
        return limits[-1]

    def set_limit(_kind: int, new: tuple[int, int]) -> None:
        limits.append(new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource, "getrlimit", limit)
        patch.setattr(resource, "setrlimit", set_limit)
        yield
    assert limits[-1] == (hard, hard)


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [(256, 1_024, None, 904), (1_024, 1_048_576, None, 10_000), (1_024, 4_096, 3_000, 3_000)],
)
def test_what_the_limit_leaves_room_for_is_taken_after_it_was_raised(
    soft: int, hard: int, wanted: int | None, expected: int
) -> None:
    with files(soft, hard):
        assert connection_limits(Settings(max_connections=wanted)).connections == expected


@pytest.mark.parametrize(("limit", "wanted", "needed"), [(64, None, 130), (1_024, 950, 1_070)])
def test_too_few_files_are_said_with_how_many_are_needed(limit: int, wanted: int | None, needed: int) -> None:
    with (
        files(limit, limit),
        pytest.raises(CommandError, match=f"raise it to at least {needed}, or lower MAX_CONNECTIONS"),
    ):
        connection_limits(Settings(max_connections=wanted))
