"""The plot: a panel per query, a row per server, and one logarithmic scale, in colors for light and dark pages."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from bench.documents import documents
from bench.failures import BenchError
from bench.options import WARM, Mode
from bench.results import PEERS_RUN, Results, Row

_COLUMNS = 2
_WIDTH, _MARGIN = 1040, 24
_HEAD, _TITLE, _LINE, _AXIS, _GAP = 66, 26, 20, 22, 18
_QUERY, _NAMES, _VALUES = 28, 92, 118
_PANEL = (_WIDTH - (_COLUMNS + 1) * _MARGIN) // _COLUMNS
_SCALE = _PANEL - _NAMES - _VALUES
_TIMES = "\N{MULTIPLICATION SIGN}"
_STEPS = (1, 2, 5)
_MIN_PIXELS = 38
_KINDS = {"planned": "ours", "loaders": "ours", "floor": "floor"}
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .panel { font-size: 13px; font-weight: 600 }
.muted { fill: #59636e } .grid { stroke: #d8dee4 } .one { stroke: #59636e; stroke-dasharray: 3 3 }
.page { fill: #ffffff } .ours { fill: #0969da; stroke: #0969da } .peer { fill: #59636e; stroke: #59636e }
.floor { fill: #ffffff; stroke: #59636e } text.ours { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .muted { fill: #9198a1 } .grid { stroke: #2a313c } .one { stroke: #9198a1 }
  .page { fill: #0d1117 } .ours { fill: #4493f8; stroke: #4493f8 } .peer { fill: #9198a1; stroke: #9198a1 }
  .floor { fill: #0d1117; stroke: #9198a1 }
}
"""


def draw(results: Results, path: Path) -> None:
    """Draw the ratios for the largest number of connections, in the mode of production if it was measured."""
    if results.kind != PEERS_RUN:
        msg = "Only a run with peers can be drawn."
        raise BenchError(msg)
    panels = _panels(results.rows)
    rows = [row for panel in panels for row in panel]
    check_warm(rows)
    scale = _Scale([value for row in rows for value in row.ratio])
    height = _TITLE + max(len(panel) for panel in panels) * _LINE + _AXIS + _GAP
    whole = _HEAD + math.ceil(len(panels) / _COLUMNS) * height + _MARGIN - _GAP
    content = list(_head(rows[0], f"Requests per second relative to {results.relative_to}", whole))
    for place, panel in enumerate(panels):
        x = _MARGIN + place % _COLUMNS * (_PANEL + _MARGIN)
        y = _HEAD + place // _COLUMNS * height
        content += _panel(panel, x, y, scale)
    path.write_text("\n".join([*content, "</svg>", ""]), encoding="utf-8")


def check_warm(rows: Sequence[Row]) -> None:
    """Raise BenchError if a server was not warm: a cold Node takes almost twice the time for a small answer."""
    cold = [f"{row.name} in {row.query}" for row in rows if not row.warm_up.is_enough]
    if cold:
        least = f"{WARM.seconds:g} seconds and {WARM.requests:,} requests, or {WARM.most_seconds:g} seconds"
        msg = f"The warm-up was shorter than {least}, so nothing is published: {', '.join(cold)}."
        raise BenchError(msg)


def _head(row: Row, title: str, height: int) -> Iterator[str]:
    duties = (
        "Peers with tokens and row-level security" if row.mode == Mode.PRODUCTION else "Peers without authentication"
    )
    about = (
        f"{duties}, {row.connections} connections, one core for each server."
        " All servers warm. Dot: median of the rounds; line: least to greatest. Logarithmic scale."
    )
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="page" width="{_WIDTH}" height="{height}"/>'
    yield _text(_MARGIN, 28, title, "title")
    yield _text(_MARGIN, 48, about, "muted")


class _Scale:
    """A logarithmic scale of ratios."""

    def __init__(self, values: Sequence[float]) -> None:
        self.least = min(*values, 0.5) / 1.15
        self.most = max(*values, 2.0) * 1.15

    def at(self, value: float) -> float:
        """Return the distance from the left end, in pixels."""
        return _SCALE * math.log(value / self.least) / math.log(self.most / self.least)

    def ticks(self) -> Iterator[float]:
        """Yield as many round values as fit."""
        last = -math.inf
        for power in range(-4, 4):
            for step in _STEPS:
                value = step * 10.0**power
                # 1 is always included: all values are relative to it.
                crowded = self.at(value) - last < _MIN_PIXELS or 0 < self.at(1) - self.at(value) < _MIN_PIXELS
                if self.least <= value <= self.most and (value == 1 or not crowded):
                    last = self.at(value)
                    yield value


def _panels(rows: Sequence[Row]) -> list[list[Row]]:
    mode = next((row.mode for row in rows if row.mode == Mode.PRODUCTION), rows[0].mode)
    most = max(row.connections for row in rows)
    # If a query was measured in two ways, use the first one.
    labels: dict[str, str] = {}
    for row in rows:
        labels.setdefault(row.query.split()[0], row.query)
    shown = [row for row in rows if row.mode == mode and row.connections == most]
    return [[row for row in shown if row.query == label] for label in labels.values()]


def _panel(rows: Sequence[Row], x: int, y: int, scale: _Scale) -> Iterator[str]:
    query = rows[0].query.split()[0]
    about = documents()[query].partition("\n")[0].removeprefix("#").strip()
    yield _text(x, y + 14, query, "panel")
    yield _text(x + _QUERY, y + 14, about, "muted")
    left, top = x + _NAMES, y + _TITLE
    bottom = top + len(rows) * _LINE
    for tick in scale.ticks():
        at = left + scale.at(tick)
        yield f'<line class="{"one" if tick == 1 else "grid"}" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}"/>'
        yield _text(at, bottom + 15, f"{tick:g}{_TIMES}", "muted", "middle")
    for place, row in enumerate(rows):
        kind = _KINDS.get(row.name, "peer")
        middle = top + place * _LINE + _LINE / 2
        low, at, high = (left + scale.at(value) for value in (row.ratio.least, row.ratio.middle, row.ratio.most))
        yield _text(left - 10, middle + 4, row.name, "ours" if kind == "ours" else "", "end")
        yield f'<line class="{kind}" stroke-width="2" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
        yield f'<circle class="{kind}" stroke-width="1.5" cx="{at:.1f}" cy="{middle}" r="4.5"/>'
        value = f"{row.ratio.middle:.2f}{_TIMES}, {row.per_second.middle:,.0f}/s"
        yield _text(x + _PANEL, middle + 4, value, "muted", "end")


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
