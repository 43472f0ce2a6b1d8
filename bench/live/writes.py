"""What followers cost writes: this service without the work of the feed, with it, and with followers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from typing_extensions import override

from bench.arrangement import LARGE_COMPANY
from bench.asking import Asker
from bench.documents import Values, values_of
from bench.failures import BenchError
from bench.live.contestants import Contestant, following
from bench.live.ledger import Expected, Ledger
from bench.live.options import LiveOptions
from bench.live.results import Writes
from bench.live.turns import Processes, subscribed
from bench.live.wire import Transport
from bench.live.writing import writing
from bench.measure import Contestant as Loaded
from bench.measure import Sample, WarmUp, load_of, measure, warm_up
from bench.options import MetadataBy, Mode, Timing
from bench.servers import Stage, ours, running

Tell = Callable[[str], None]

_MUTATION = "M1"
_CATCH_UP_SECONDS = 60


class Witnesses(Ledger):
    """Followers of changes that others make: whatever one of them receives, all must receive once."""

    def __init__(self) -> None:
        super().__init__()
        self.witnessed = 0

    @override
    def identified(self, result: Any) -> Expected | None:
        try:
            event_id: str = result["data"]["changes"]["id"]
        except (KeyError, TypeError):
            self.fail(BenchError(f"A follower received no event: {result}"))
            return None
        known = self.known(event_id)
        if known is None:
            self.witnessed += 1
            known = self.expect(event_id, result, is_counted=True)
        return known


@dataclass(frozen=True, slots=True)
class _Form:
    """This service in one form."""

    name: str
    works: bool
    """Whether it works for the feed."""
    followers: int = 0


@dataclass(frozen=True, slots=True)
class _Started:
    """A server in one form, on a copy of the database."""

    form: _Form
    loaded: Loaded
    followed: Contestant
    owner_dsn: str


def measure_writes(options: LiveOptions, stage: Stage, say: Tell, tell: Tell) -> list[Writes]:
    """Measure mutations per second of this service in three forms, in turn, each on a copy of the database."""
    forms = (
        _Form("no feed", works=False),
        _Form("feed", works=True),
        _Form(f"feed, {options.followers} followers", works=True, followers=options.followers),
    )
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    with ExitStack() as stack:
        started = [stack.enter_context(_started(form, place, stage, values)) for place, form in enumerate(forms)]
        samples = uvloop.run(_measured(started, options, tell))
    say("Each follower received each write exactly once.")
    return [Writes(form.name, form.followers, tuple(samples[form.name])) for form in forms]


@contextmanager
def _started(form: _Form, place: int, stage: Stage, values: Values) -> Generator[_Started]:
    server = following(ours(f"planned, {form.name}", plans=True), form.followers, works=form.works)
    with (
        stage.cluster.copied(f"bench_copy_{place}"),
        running(server, stage, Mode.PRODUCTION, MetadataBy.TABLE) as at,
    ):
        requests = Asker(at).requests(_MUTATION, values.rotated(_MUTATION, []))
        followed = Contestant(at, Transport.SSE, Processes(at.pid, stage.cluster.pid))
        yield _Started(form, Loaded(form.name, at.pid, at.port, requests), followed, stage.cluster.owner_dsn)


async def _measured(started: Sequence[_Started], options: LiveOptions, tell: Tell) -> dict[str, list[Sample]]:
    timing = Timing(options.timing.write_rounds, options.timing.write_seconds, options.timing.write_warm_up)
    contestants = [form.loaded for form in started]
    loads = {contestant.name: load_of(contestant, options.load) for contestant in contestants}
    followed = started[-1]
    postgres = followed.followed.processes.postgres
    async with _followed(followed) as witnesses:
        warm_ups = await warm_up(contestants, loads, options.connections, timing, tell)
        samples = await measure(contestants, loads, options.connections, timing, postgres, tell)
        await _caught_up(witnesses, warm_ups[followed.form.name], samples[followed.form.name])
    return samples


@asynccontextmanager
async def _followed(started: _Started) -> AsyncGenerator[Witnesses]:
    """Follow a company's changes meanwhile."""
    witnesses, contestant = Witnesses(), started.followed
    async with contestant.audience(contestant.running.token, witnesses) as audience:
        async with writing(started.owner_dsn, LARGE_COMPANY) as writer:
            await subscribed(audience, started.form.followers, writer)
        yield witnesses
        await audience.quiet()


async def _caught_up(witnesses: Witnesses, warmed: WarmUp, samples: list[Sample]) -> None:
    """Wait until all followers received all writes. Raise BenchError if they received fewer or more."""
    written = warmed.requests + sum(sample.requests for sample in samples)
    async with asyncio.timeout(_CATCH_UP_SECONDS):
        while witnesses.witnessed < written:
            await asyncio.sleep(0.1)
            witnesses.check()
    await witnesses.all_received(_CATCH_UP_SECONDS)
    if witnesses.witnessed != written:
        msg = f"Followers received {witnesses.witnessed:,} events of {written:,} writes."
        raise BenchError(msg)
