"""The published run: its samples in the repository, and the picture of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from bench import plot
from bench.database import ROOT
from bench.results import FOLDER as RESULTS
from bench.results import Results

FOLDER = RESULTS / "published"
_PICTURE = ROOT / "docs" / "bench.svg"
_DIGITS = 5


def publish(path: Path) -> Iterator[Path]:
    """Keep the samples of a run and draw it. Yield the written files; raise BenchError if a server was not warm."""
    results = Results.load(path)
    plot.check_warm(results.rows)
    plot.draw(results, _PICTURE)
    yield _PICTURE
    yield keep(path, FOLDER)


def keep(path: Path, folder: Path) -> Path:
    """Write the file of a run into a folder, in few bytes, and return its path."""
    content = json.loads(path.read_text(encoding="utf-8"))
    kept = folder / f"{content['kind']}-{content['customers']}.json"
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
