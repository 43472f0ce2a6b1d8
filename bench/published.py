"""Published runs: their samples in the repository, the picture, and the tables of the READMEs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from bench import plot, tables
from bench.database import ROOT
from bench.results import COMPANIES_RUN, Results
from bench.results import FOLDER as RESULTS

FOLDER = RESULTS / "published"
_PICTURE = ROOT / "docs" / "bench.svg"
_DIGITS = 5


def publish(path: Path) -> Iterator[Path]:
    """Keep the samples of a run, draw it, and write the tables of both READMEs. Yield the written files.

    Only the run that README.md shows is drawn. Raise BenchError if a server was not warm.
    """
    results = Results.load(path)
    plot.check_warm(results.rows)
    kept = keep(path, FOLDER)
    yield kept
    if kept.name == tables.SUMMARIZED:
        plot.draw(results, _PICTURE)
        yield _PICTURE
    for page, text in tables.texts(FOLDER).items():
        page.write_text(tables.with_marked(page.read_text(encoding="utf-8"), text), encoding="utf-8")
        yield page


def keep(path: Path, folder: Path) -> Path:
    """Write the file of a run into a folder, in few bytes, and return its path."""
    content = json.loads(path.read_text(encoding="utf-8"))
    companies = f"-{content['options']['companies']}" if content["kind"] == COMPANIES_RUN else ""
    kept = folder / f"{content['kind']}-{content['customers']}{companies}.json"
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(_lines(_rounded(content)), encoding="utf-8")
    return kept


def _lines(content: dict[str, Any]) -> str:
    """Return JSON with a line for each row and each contestant's samples, so that versions can be compared."""
    blocks = content.pop("blocks")
    text = json.dumps({**content, "rows": ["row"] * len(content["rows"]), "blocks": ["block"] * len(blocks)}, indent=1)
    for row in content["rows"]:
        text = text.replace('"row"', json.dumps(row, separators=(",", ":")), 1)
    for block in blocks:
        text = text.replace('"block"', json.dumps(block, separators=(",", ":")), 1)
    return text + "\n"


def _rounded(value: Any) -> Any:
    """Return a value of JSON with numbers of as many digits as mean something."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_rounded(item) for item in cast("list[Any]", value)]
    return value
