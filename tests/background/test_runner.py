"""Jobs run side by side, rest as long as they say, and survive every failure of their own and of others."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from app.background import runner
from app.background.job import Job
from app.background.runner import Background
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout
from tests.support.background import background
from tests.support.until import until

_PATIENCE_SECONDS = 20


class Counting(Job):
    """Counts its runs, and does what a test says in each."""

    name = "counting"

    def __init__(self, work: Callable[[int], float], pause_seconds: float = 0.0) -> None:
        super().__init__()
        self.pause_seconds = pause_seconds
        self.runs = 0
        self._work = work

    async def run_once(self) -> float:
        self.runs += 1
        await asyncio.sleep(0)
        return self._work(self.runs)

    async def has_run(self, times: int) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.runs < times:  # noqa: ASYNC110 - the job has no event for its end
                await asyncio.sleep(0.001)


async def test_a_job_runs_again_and_again_until_it_is_stopped() -> None:
    job = Counting(lambda _: 0.0)
    async with background(job):
        await job.has_run(100)
    runs = job.runs
    await asyncio.sleep(0.01)
    assert job.runs == runs


async def test_a_job_rests_as_long_as_it_says_unless_it_is_woken() -> None:
    job = Counting(lambda _: 60.0)
    async with background(job):
        await job.has_run(1)
        await asyncio.sleep(0.02)
        assert job.runs == 1
        job.wake()
        await job.has_run(2)


async def test_a_job_that_is_woken_while_it_works_works_again() -> None:
    def work(runs: int) -> float:
        if runs == 1:
            job.wake()
        return 60.0

    job = Counting(work)
    async with background(job):
        await job.has_run(2)
        await asyncio.sleep(0.02)
        assert job.runs == 2


async def test_a_job_pauses_however_often_it_is_woken() -> None:
    def work(_runs: int) -> float:
        job.wake()
        return 0.0

    job, begun = Counting(work, pause_seconds=0.05), time.monotonic()
    async with background(job):
        await job.has_run(4)
    # Between four runs there are three pauses; without them, they take less than a millisecond.
    assert time.monotonic() - begun > 0.14


async def test_a_job_that_fails_runs_again_and_no_other_job_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_FIRST_PAUSE_SECONDS", 0.001)

    def fail(runs: int) -> float:
        if runs < 4:
            raise (DatabaseUnavailable(Cause.READ_ONLY), StatementTimeout(), ValueError("no"))[runs - 1]
        return 60.0

    failing, other = Counting(fail), Counting(lambda _: 0.0)
    with capture_logs() as lines:
        async with background(failing, other):
            await failing.has_run(4)
            before = other.runs
            await other.has_run(before + 10)
            await asyncio.sleep(0)

    assert [dict(line) | {"exc_info": None} for line in lines if line.get("job") == "counting"] == [
        {
            "event": "background_unavailable",
            "log_level": "warning",
            "job": "counting",
            "cause": "read_only",
            "reason": None,
            "left_out": 0,
            "exc_info": None,
        },
        {"event": "background_failed", "log_level": "error", "job": "counting", "exc_info": None},
        {"event": "background_resumed", "log_level": "info", "job": "counting", "failures": 3, "exc_info": None},
        # What was not written at once.
        {
            "event": "background_unavailable",
            "log_level": "warning",
            "job": "counting",
            "cause": "statement_timeout",
            "reason": None,
            "left_out": 0,
            "exc_info": None,
        },
    ]


async def test_pauses_after_failures_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        task = asyncio.current_task()
        if task is None or task.get_name() != "counting":
            # All tasks of the process call this function.
            await sleep(seconds)
            return
        slept.append(seconds)
        await sleep(0)

    def fail(_runs: int) -> float:
        raise DatabaseUnavailable

    job = Counting(fail)
    with capture_logs():
        monkeypatch.setattr(runner.asyncio, "sleep", note)
        async with background(job):
            while len([seconds for seconds in slept if seconds]) < 12:
                await sleep(0.001)
        monkeypatch.undo()

    pauses = [seconds for seconds in slept if seconds][:12]
    longest = [min(0.1 * 2**failures, 10.0) for failures in range(12)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True)), pauses


async def test_a_job_goes_on_after_thousands_of_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 0.1 seconds doubled 1,100 times is no float.
    monkeypatch.setattr(runner, "_LONGEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(runner, "_FIRST_PAUSE_SECONDS", 0.0)

    def work(_: int) -> float:
        raise DatabaseUnavailable

    job = Counting(work)
    async with background(job):
        await job.has_run(1_200)


async def test_a_job_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STOP_SECONDS", 0.05)
    over = asyncio.Event()

    class Stubborn(Job):
        name = "stubborn"

        async def run_once(self) -> float:
            while not over.is_set():
                with suppress(asyncio.CancelledError):
                    await over.wait()
            # It would run again and again beside all later tests.
            raise asyncio.CancelledError

    made = Background([Stubborn()])
    made.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        await made.stop()
    over.set()
    await until(lambda: all(task.get_name() != "stubborn" for task in asyncio.all_tasks()))
