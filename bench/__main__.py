"""`python -m bench`: the command behind `make bench`."""

import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.db.embedded import EmbeddedServerError
from bench import published, report, rest, runs, wrk
from bench.arrangement import FEW
from bench.cpu import Cores
from bench.database import ROOT
from bench.documents import QUERIES, READS
from bench.failures import BenchError
from bench.live import results as live_results
from bench.live.contestants import TRANSPORTS
from bench.live.options import LiveOptions, live_options
from bench.live.results import LiveResults
from bench.live.runs import run_live
from bench.load import Generator
from bench.node import install_packages
from bench.options import FULL, PUBLISHED, QUICK, MetadataBy, Mode, Options, Timing
from bench.rest import REST_QUERIES
from bench.results import Results
from bench.runs import Run, Tell
from bench.servers import Stage, known_servers
from bench.signals import end_on_signals

ItemT = TypeVar("ItemT")

_FOLDER = ROOT / ".dev" / "bench"
# The servers whose connections keep their company between requests if possible.
_COMPANIES = ("planned", "floor")


def bench(  # noqa: PLR0913 - an argument for each option
    *,
    queries: Annotated[
        str, typer.Option(help="The queries, separated by commas. Default: all that the run supports.")
    ] = "",
    servers: Annotated[
        str, typer.Option(help="The servers, separated by commas. Default: all that the run supports.")
    ] = "",
    modes: Annotated[
        str, typer.Option(help="Whether peers verify tokens and use row-level security. Default: production,bare.")
    ] = "",
    metadata: Annotated[
        str, typer.Option(help="How peers find metadata: table,gin. Values after the first apply to Q6 only.")
    ] = "",
    connections: Annotated[
        str, typer.Option(help="The numbers of concurrent connections, separated by commas. Default: 1,16.")
    ] = "",
    rounds: Annotated[int | None, typer.Option(help="Number of rounds. Default: 5.", min=1, max=100)] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Seconds per server and round. Default: 3.", min=0.1, max=60)
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option(
            help="Number of customers of the large company, each in a separate data folder. Default: 100000.",
            min=1_000,
        ),
    ] = None,
    load: Annotated[
        Generator | None, typer.Option(help="What sends the requests. Default: wrk if it is installed.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Show within three minutes that everything works, with 5,000 customers.")
    ] = False,
    multi_company: Annotated[
        bool, typer.Option("--multi-company", help="Measure the cost of requests for alternating companies.")
    ] = False,
    companies: Annotated[
        int,
        typer.Option(help="Number of small companies for --multi-company, such as 2000.", min=2, max=10_000),
    ] = FEW,
    workers: Annotated[
        int | None, typer.Option(help="Measure this service with 1 and with this number of processes.", min=2, max=64)
    ] = None,
    checkout: Annotated[
        Path | None,
        typer.Option("--beside", help="Measure this checkout beside another one that has its .venv.", exists=True),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Measure subscriptions: deliveries, idle subscribers, and what writes cost.")
    ] = False,
    over_rest: Annotated[
        bool, typer.Option("--rest", help="Measure REST beside GraphQL, and the list of all customers over REST.")
    ] = False,
    subscribers: Annotated[
        str, typer.Option(help="The numbers of subscribers for --live, separated by commas. Default: 1,100,1000.")
    ] = "",
    idle: Annotated[str, typer.Option(help="The numbers of idle subscribers for --live. Default: 1000,10000.")] = "",
    rate: Annotated[
        float | None, typer.Option(help="The most events per second for --live. Default: 50.", min=0.1, max=100)
    ] = None,
    publish: Annotated[
        bool, typer.Option("--plot", help="Write samples, picture and tables; with peers, only the fastest take part.")
    ] = False,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Show the results of an earlier run, without measuring.", exists=True)
    ] = None,
) -> None:
    """Measure this service and other GraphQL servers; bench/README.md explains the method and the results."""
    # Over 40 lines because it has an argument for each option.
    if publish and (workers or checkout or quick):
        msg = "it requires a whole run: remove --quick, --workers and --beside"
        raise typer.BadParameter(msg, param_hint="--plot")
    generator = load or (Generator.WRK if wrk.find_wrk() else Generator.PYTHON)
    if live or (earlier and live_results.is_live(earlier)):
        changes = {
            "servers": _listed(servers, "--servers", _one_of(TRANSPORTS)) if servers else None,
            "subscribers": _listed(subscribers, "--subscribers", _positive) if subscribers else None,
            "idle": tuple(sorted(_listed(idle, "--idle", _positive))) if idle else None,
            "rounds": rounds,
            "seconds": seconds,
            "per_second": rate,
            "customers": customers,
        }
        file = earlier or _measured_live(live_options(generator, changes, is_quick=quick))
        _say(live_results.tables(LiveResults.load(file)))
        _publish(file if publish else None)
        return
    # Mutations run on a copy of the rows, which only the run with peers makes.
    known_queries = REST_QUERIES if over_rest else READS if multi_company or workers or checkout else QUERIES
    defaults = QUICK if quick else PUBLISHED if publish and not over_rest else FULL
    all_servers = () if workers or checkout or over_rest else _COMPANIES if multi_company else tuple(known_servers())
    timing = defaults.timing
    options = Options(
        queries=_listed(queries, "--queries", _one_of(known_queries)) if queries else known_queries,
        servers=_listed(servers, "--servers", _one_of(known_servers())) if servers else defaults.servers or all_servers,
        modes=_listed(modes, "--modes", Mode) if modes else defaults.modes,
        metadata=_listed(metadata, "--metadata", MetadataBy) if metadata else defaults.metadata,
        connections=_listed(connections, "--connections", _positive) if connections else defaults.connections,
        timing=Timing(rounds or timing.rounds, seconds or timing.seconds, timing.warm_up),
        customers=customers or defaults.customers,
        companies=companies,
        load=generator,
        counts_statements=defaults.counts_statements,
    )
    run = (
        rest.over_rest
        if over_rest
        else partial(runs.with_workers, workers)
        if workers
        else partial(runs.beside, checkout)
        if checkout
        else runs.across_companies
        if multi_company
        else runs.against_peers
    )
    file = earlier or _measured(options, run, Cores.unpinned() if workers else Cores.of_this_machine())
    _say(report.table(Results.load(file)))
    _publish(file if publish else None)


def _publish(file: Path | None) -> None:
    for path in () if file is None else published.publish(file):
        _say(f"Written: {path}")


def _measured(options: Options, run: Callable[[Options, Stage, Tell, Tell], Run], cores: Cores) -> Path:
    _prepare(options.servers, cores)
    with runs.staged(_FOLDER / _data(options), options.customers, options.companies, cores, _say) as stage:
        measured = run(options, stage, _say, _tell)
    path = measured.results(options).save(measured.blocks, options, measured.more)
    _say(f"Written: {path}")
    return path


def _measured_live(options: LiveOptions) -> Path:
    cores = Cores.of_this_machine()
    _prepare(options.servers, cores)
    with runs.staged(_FOLDER / str(options.customers), options.customers, FEW, cores, _say) as stage:
        results = run_live(options, stage, _say, _tell)
    path = results.save(options)
    _say(f"Written: {path}")
    return path


def _prepare(servers: Collection[str], cores: Cores) -> None:
    if cores == Cores.of_this_machine() and cores.shared:
        _say("This machine has one core, which servers, PostgreSQL and the load share: absolute figures mean little.")
    if any(known_servers()[name].needs_node for name in servers):
        install_packages(_say)


def _data(options: Options) -> str:
    """Return the name of the folder with the rows for these options."""
    few = options.companies == FEW
    return str(options.customers) if few else f"{options.customers}-{options.companies}"


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
