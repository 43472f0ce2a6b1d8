"""The table of results: ratios, then the figures behind them."""

from collections.abc import Iterator

from bench.results import Results, Row, Spread

_COLUMNS = (
    "mode",
    "query",
    "conn.",
    "server",
    "ratio",
    "min-max",
    "req/s",
    "min-max",
    "p50 ms",
    "p99 ms",
    "server CPU ms",
    "PG CPU ms",
    "load CPU ms",
    "MB",
    "SQL",
)
_TO_THE_LEFT = {"mode", "query", "server"}
_LARGE = 100


def table(results: Results) -> str:
    """Return the results as a Markdown table with a legend."""
    cells = [_COLUMNS, *(_cells(row) for row in results.rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_COLUMNS))]
    head, *rows = (_line(line, widths) for line in cells)
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join((head, f"|{rule}|", *rows, "", *_legend(results)))


def _line(line: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        cell.ljust(width) if title in _TO_THE_LEFT else cell.rjust(width)
        for title, cell, width in zip(_COLUMNS, line, widths, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    sql = row.statements
    return (
        row.mode,
        row.query,
        str(row.connections),
        row.name,
        f"{row.ratio.middle:.2f}",
        _between(row.ratio, 2),
        f"{row.per_second.middle:.0f}",
        _between(row.per_second, 0),
        milliseconds(row.p50_ms),
        milliseconds(row.p99_ms),
        milliseconds(row.server_cpu_ms),
        milliseconds(row.postgres_cpu_ms),
        milliseconds(row.load_cpu_ms),
        f"{row.resident_mb:.0f}",
        "" if sql is None else f"{sql.reading:g} + {sql.around:g}",
    )


def _legend(results: Results) -> Iterator[str]:
    yield f"ratio: requests per second relative to {results.relative_to}, per round: median, minimum and maximum."
    yield f"CPU: CPU time per request, of the server, of PostgreSQL (PG) and of the load generator ({results.generator})."
    yield "MB: resident memory of the server."
    if any(row.statements for row in results.rows):
        yield "SQL: statements per request that read the tables, and all others (transactions, settings)."


def _between(spread: Spread, digits: int) -> str:
    return f"{spread.least:.{digits}f}-{spread.most:.{digits}f}"


def milliseconds(value: float) -> str:
    """Return a figure with three digits."""
    return f"{value:.3g}" if value < _LARGE else f"{value:.0f}"
