"""Published runs: their samples in the repository, the picture, and the tables of the READMEs."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

from bench import plot, tables
from bench.database import ROOT
from bench.live.results import is_live
from bench.results import COMPANIES_RUN, Results
from bench.results import FOLDER as RESULTS

FOLDER = RESULTS / "published"
_PICTURE = ROOT / "docs" / "bench.svg"
_DIGITS = 5
_ITEM = "item"
"""What stands for an item of a list until that is written."""


def publish(path: Path) -> Iterator[Path]:
    """Keep the samples of a run, draw it, and write the tables of both READMEs. Yield the written files.

    Only the run that README.md shows is drawn. Raise BenchError if a server was not warm.
    """
    if not is_live(path):
        plot.check_warm(Results.load(path).rows)
    kept = keep(path, FOLDER)
    yield kept
    if kept.name == tables.SUMMARIZED:
        plot.draw(Results.load(path), _PICTURE)
        yield _PICTURE
    texts = tables.texts(FOLDER)
    for place, text in texts.items():
        page = place.page.read_text(encoding="utf-8")
        place.page.write_text(tables.with_marked(page, text, place.mark), encoding="utf-8")
    yield from dict.fromkeys(place.page for place in texts)


def keep(path: Path, folder: Path) -> Path:
    """Write the file of a run into a folder, in few bytes, and return its path."""
    content = json.loads(path.read_text(encoding="utf-8"))
    companies = f"-{content['options']['companies']}" if content["kind"] == COMPANIES_RUN else ""
    kept = folder / f"{content['kind']}-{content['customers']}{companies}.json"
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(_lines(_rounded(content)), encoding="utf-8")
    return kept


def _lines(content: dict[str, Any]) -> str:
    """Return JSON with a line for each item of a list, such as a contestant's samples: versions can be compared."""
    items = {name: cast("list[Any]", value) for name, value in content.items() if isinstance(value, list)}
    text = json.dumps({**content, **{name: [_ITEM] * len(values) for name, values in items.items()}}, indent=1)
    for item in chain.from_iterable(items.values()):
        text = text.replace(f'"{_ITEM}"', json.dumps(item, separators=(",", ":")), 1)
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
