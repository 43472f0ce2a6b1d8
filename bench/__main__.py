"""`python -m bench`: the command behind `make bench`."""

import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.db.embedded import EmbeddedServerError
from bench import plot, report, runs
from bench.cpu import Cores
from bench.database import ROOT
from bench.documents import QUERIES
from bench.failures import BenchError
from bench.node import install_packages
from bench.options import MetadataBy, Mode, Options, Timing
from bench.results import Results
from bench.runs import Run, Tell
from bench.servers import Stage, known_servers
from bench.signals import end_on_signals

ItemT = TypeVar("ItemT")

_FOLDER = ROOT / ".dev" / "bench"
_PLOT = ROOT / "docs" / "bench.svg"
_QUICK = Timing(rounds=2, seconds=0.5, warm_up_seconds=0.3)
# The servers whose connections keep their company between requests if possible.
_COMPANIES = ("planned", "floor")


def bench(  # noqa: PLR0913 - an argument for each option
    *,
    queries: Annotated[str, typer.Option(help="The queries, separated by commas.")] = ",".join(QUERIES),
    servers: Annotated[
        str, typer.Option(help="The servers, separated by commas. Default: all that the run supports.")
    ] = "",
    modes: Annotated[str, typer.Option(help="Whether peers verify tokens and use row-level security.")] = ",".join(
        Mode
    ),
    metadata: Annotated[
        str, typer.Option(help="How peers find metadata. Values after the first apply to Q6 only.")
    ] = ",".join(MetadataBy),
    connections: Annotated[
        str, typer.Option(help="The numbers of concurrent connections, separated by commas.")
    ] = "1,16",
    rounds: Annotated[int | None, typer.Option(help="Number of rounds. Default: 5.", min=1, max=100)] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Seconds per server and round. Default: 3.", min=0.1, max=60)
    ] = None,
    customers: Annotated[
        int,
        typer.Option(
            help="Number of customers of the large company. Each number has a separate data folder.", min=1_000
        ),
    ] = 100_000,
    quick: Annotated[bool, typer.Option("--quick", help="Two rounds of half a second.")] = False,
    multi_company: Annotated[
        bool, typer.Option("--multi-company", help="Measure the cost of requests for alternating companies.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Measure this service with 1 and with this number of processes.", min=2, max=64)
    ] = None,
    checkout: Annotated[
        Path | None,
        typer.Option("--beside", help="Measure this checkout beside another one that has its .venv.", exists=True),
    ] = None,
    draw: Annotated[bool, typer.Option("--plot", help="Draw docs/bench.svg.")] = False,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Show the results of an earlier run, without measuring.", exists=True)
    ] = None,
) -> None:
    """Measure this service and other GraphQL servers; bench/README.md explains the method and the results."""
    # Over 40 lines because it has an argument for each option.
    if draw and (multi_company or workers or checkout):
        msg = "it requires a run with peers: remove --multi-company, --workers and --beside"
        raise typer.BadParameter(msg, param_hint="--plot")
    usual_servers = () if workers or checkout else _COMPANIES if multi_company else tuple(known_servers())
    usual_timing = _QUICK if quick else Timing()
    options = Options(
        queries=_listed(queries, "--queries", _one_of(QUERIES)),
        servers=_listed(servers, "--servers", _one_of(known_servers())) if servers else usual_servers,
        modes=_listed(modes, "--modes", Mode),
        metadata=_listed(metadata, "--metadata", MetadataBy),
        connections=_listed(connections, "--connections", _positive),
        timing=Timing(rounds or usual_timing.rounds, seconds or usual_timing.seconds, usual_timing.warm_up_seconds),
        customers=customers,
    )
    if earlier is not None:
        results = Results.load(earlier)
    elif workers is not None:
        results = _measured(options, partial(runs.with_workers, workers), Cores.unpinned())
    elif checkout is not None:
        results = _measured(options, partial(runs.beside, checkout), Cores.of_this_machine())
    elif multi_company:
        results = _measured(options, runs.across_companies, Cores.of_this_machine())
    else:
        results = _measured(options, runs.against_peers, Cores.of_this_machine())
    _say(report.table(results))
    if draw:
        plot.draw(results, _PLOT)
        _say(f"Drawn: {_PLOT}")


def _measured(options: Options, run: Callable[[Options, Stage, Tell, Tell], Run], cores: Cores) -> Results:
    if cores == Cores.of_this_machine() and cores.shared:
        _say("This machine has one core, which servers, PostgreSQL and the load share: absolute figures mean little.")
    if any(known_servers()[name].needs_node for name in options.servers):
        install_packages(_say)
    with runs.staged(_FOLDER / str(options.customers), options, cores, _say) as stage:
        measured = run(options, stage, _say, _tell)
    results = measured.results
    _say(f"Written: {results.save(measured.blocks, options)}")
    return results


def _say(words: str) -> None:
    _tell("")
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _tell(words: str) -> None:
    """Show the progress on a line that the next output replaces. Do nothing outside a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{words}")
        sys.stderr.flush()


def _listed(text: str, option: str, item: Callable[[str], ItemT]) -> tuple[ItemT, ...]:
    try:
        return tuple(dict.fromkeys(item(word.strip()) for word in text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _one_of(known: Collection[str]) -> Callable[[str], str]:
    def item(word: str) -> str:
        if word not in known:
            msg = f"{word!r} is unknown: choose from {', '.join(known)}"
            raise ValueError(msg)
        return word

    return item


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        msg = f"{number} is too small: it must be at least 1"
        raise ValueError(msg)
    return number


def main() -> None:
    """Run the command. Show expected errors as messages, without a traceback."""
    end_on_signals()
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    application.command()(bench)
    try:
        application(prog_name="python -m bench")
    except (BenchError, EmbeddedServerError) as error:
        _tell("")
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
