"""The tables of published runs in README.md and bench/README.md, between marks, from the published samples."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.database import ROOT
from bench.failures import BenchError
from bench.live.results import LIVE_RUN, LiveResults
from bench.live.results import tables as live_tables
from bench.results import COMPANIES_RUN, PEERS_RUN, REST_RUN, Results, Row, Spread

README, DETAILS = ROOT / "README.md", ROOT / "bench" / "README.md"
SUMMARIZED = "peers-100000.json"
"""The published run that README.md shows."""
_UNPUBLISHED = "The picture is of an earlier run, whose servers were warmed up for two seconds only.\n"
"""What README.md says until a run is published, which also draws the picture."""
_WIDTH = 120
_OURS = "planned"
_DASH = "\N{EN DASH}"
_TITLES = {PEERS_RUN: "Beside other servers", COMPANIES_RUN: "One company and many", REST_RUN: "REST beside GraphQL"}

_OF_LISTS = (
    ("first byte, ms", "first_byte_ms", 0),
    ("time, s", "seconds", 2),
    ("CPU of the server, s", "server_cpu_seconds", 2),
    ("CPU of PostgreSQL, s", "postgres_cpu_seconds", 2),
    ("memory of the server before, MB", "resident_mb", 0),
    ("memory of the server at most, MB", "most_resident_mb", 0),
)
"""Title, name and number of decimals of each figure."""


class Place(NamedTuple):
    """A part of a page that is written from published runs."""

    page: Path
    mark: str = "published"
    """What its two marks say."""


SUMMARY, RUNS = Place(README), Place(DETAILS)
SUBSCRIPTIONS, OVER_REST = Place(DETAILS, "published subscriptions"), Place(DETAILS, "published REST")


def texts(folder: Path) -> dict[Place, str]:
    """Return the text of each place, for the published runs in a folder."""
    runs = sorted(folder.glob("*.json"))
    details: dict[Place, list[str]] = {RUNS: [], SUBSCRIPTIONS: [], OVER_REST: []}
    for run in runs:
        content = json.loads(run.read_text(encoding="utf-8"))
        if content["kind"] == LIVE_RUN:
            details[SUBSCRIPTIONS].append(_subscriptions(content, LiveResults.load(run)))
        elif content["kind"] == REST_RUN:
            details[OVER_REST].append(f"{_details(content, Results.load(run))}\n{_lists(content['lists'])}")
        else:
            details[RUNS].append(_details(content, Results.load(run)))
    summarized = folder / SUMMARIZED
    return {
        SUMMARY: summary(Results.load(summarized)) if summarized in runs else _UNPUBLISHED,
        **{place: "\n".join(parts) for place, parts in details.items()},
    }


def marked(page: str, mark: str) -> str:
    """Return the text between the marks of a page."""
    begin, end = _marks(mark)
    return page.partition(begin)[2].partition(end)[0]


def with_marked(page: str, text: str, mark: str) -> str:
    """Return a page with another text between its marks. Raise BenchError if it has none."""
    begin, end = _marks(mark)
    before, begun, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        msg = f"The page has no line {begin.strip()} with a line {end.strip()} after it."
        raise BenchError(msg)
    return f"{before}{begun}{text}{ended}{after}"


def _marks(mark: str) -> tuple[str, str]:
    return f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"


def summary(results: Results) -> str:
    """Return what a run says about this service, in one sentence, and its figures relative to the fastest peer."""
    queries = list(dict.fromkeys(row.query for row in results.rows))
    most, least = max(row.connections for row in results.rows), min(row.connections for row in results.rows)
    busy = [_Compared(results.rows, query, most) for query in queries]
    single = [_Compared(results.rows, query, least) for query in queries]
    speeds = sorted(
        (compared.ours.ratio.middle, query.split()[0]) for compared, query in zip(busy, queries, strict=True)
    )
    slower = [query for speed, query in speeds if speed < 1]
    latencies = sorted(compared.latency for compared in single)
    sentence = (
        f"Warm, in production mode and with the same answers, this service answers {speeds[0][0]:.2f} ({speeds[0][1]})"
        f" to {speeds[-1][0]:.2f} ({speeds[-1][1]}) times as many requests per second as the fastest peer of each query"
        f" at {most} connections{f' (fewer in {_joined(slower)})' if slower else ''}, and at {least} connection takes"
        f" {latencies[0]:.2f} to {latencies[-1]:.2f} times as long:"
    )
    lines = [
        _line("relative to the fastest peer", [query.split()[0] for query in queries]),
        _line("---", ["---"] * len(queries)),
        _line(f"requests per second, {most} connections", [f"{compared.ours.ratio.middle:.2f}" for compared in busy]),
        _line("CPU of server and PostgreSQL", [f"{compared.cpu:.2f}" for compared in busy]),
        _line(f"p50, {least} connection", [f"{compared.latency:.2f}" for compared in single]),
    ]
    return "\n".join([*textwrap.wrap(sentence, _WIDTH), "", *lines, ""])


class _Compared:
    """This service and the fastest peer for one query and number of connections."""

    def __init__(self, rows: Sequence[Row], query: str, connections: int) -> None:
        found = [row for row in rows if row.query == query and row.connections == connections]
        ours = next((row for row in found if row.name == _OURS), None)
        peer = next((row for row in found if row.is_reference), ours)
        if ours is None or peer is None or peer is ours:
            msg = f"The run has no results of {_OURS} and of a peer for {query}: include both."
            raise BenchError(msg)
        self.ours, self.peer = ours, peer

    @property
    def cpu(self) -> float:
        """CPU time of the server and PostgreSQL together, relative to the fastest peer's."""
        return _cpu(self.ours) / _cpu(self.peer)

    @property
    def latency(self) -> float:
        """Median latency, relative to the fastest peer's."""
        return self.ours.p50_ms / self.peer.p50_ms


def _machine(content: dict[str, Any]) -> str:
    machine = content["machine"]
    return (
        f"{content['moment'][:10]}, {machine['processor']}, {machine['cores']} cores, {machine['system']}, Python"
        f" {machine['python']}"
    )


def _details(content: dict[str, Any], results: Results) -> str:
    timing = content["options"]["timing"]
    least = min((row.warm_up.seconds, row.warm_up.requests) for row in results.rows)
    about = (
        f"{_machine(content)}; load by {results.generator}; {timing['rounds']} rounds of {timing['seconds']:g} seconds;"
        f" shortest warm-up {least[0]:.0f} seconds with {least[1]:,} requests. CPU is milliseconds of the server +"
        " PostgreSQL per request."
    )
    title = f"### {_TITLES[results.kind]}, {results.customers:,} customers"
    head = ("server", "relative requests/s", "requests/s", "CPU", "p50 ms", "p99 ms")
    lines = [_line("query, connections", head), _line("---", ["---"] * len(head)), *_rows(results.rows)]
    return "\n".join([title, "", *textwrap.wrap(about, _WIDTH), "", *lines, ""])


def _rows(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        speed, cpu = row.per_second.middle, f"{row.server_cpu_ms:.3g} + {row.postgres_cpu_ms:.3g}"
        cells = (row.name, _ratio(row.ratio), f"{speed:,.0f}", cpu, f"{row.p50_ms:.3g}", f"{row.p99_ms:.3g}")
        yield _line(f"{row.query}, {row.connections}", cells)


def _lists(lists: Sequence[dict[str, float]]) -> str:
    """Return the figures of lists of all customers: of the first one of the process, and the median of the others."""
    first, others = lists[0], lists[1:]
    head = ("first of the process", f"median of {len(others)} others")
    lines = [_line(f"list of all customers, {first['megabytes']:.0f} MB", head), _line("---", ["---"] * len(head))]
    for title, name, digits in _OF_LISTS:
        figures = (first[name], median(one[name] for one in others))
        lines.append(_line(title, [f"{figure:.{digits}f}" for figure in figures]))
    return "\n".join([*lines, ""])


def _subscriptions(content: dict[str, Any], results: LiveResults) -> str:
    timing = content["options"]["timing"]
    about = (
        f"{_machine(content)}; {timing['rounds']} turns of {timing['seconds']:g} seconds, and for writes"
        f" {timing['write_rounds']} rounds of {timing['write_seconds']:g} seconds."
    )
    return "\n".join([*textwrap.wrap(about, _WIDTH), "", live_tables(results), ""])


def _ratio(spread: Spread) -> str:
    return f"{spread.middle:.2f} ({spread.least:.2f}{_DASH}{spread.most:.2f})"


def _cpu(row: Row) -> float:
    return row.server_cpu_ms + row.postgres_cpu_ms


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _line(first: str, others: Sequence[str]) -> str:
    return f"| {' | '.join((first, *others))} |"
