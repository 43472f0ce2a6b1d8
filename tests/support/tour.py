"""The tour of the explorer, read from its files."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.commands import ROOT

FOLDER = ROOT / "explorer" / "tour"


class Stop(NamedTuple):
    """A document of the tour with its variables."""

    name: str
    text: str
    variables: dict[str, Any]
    operations: list[str]


def stop(path: Path) -> Stop:
    """Return the stop of a document and the file of variables beside it."""
    text, variables = path.read_text(), path.with_suffix(".variables.json").read_text()
    return Stop(path.stem, text, json.loads(variables), re.findall(r"^(?:query|mutation) (\w+)", text, re.MULTILINE))


TOUR = [stop(path) for path in sorted(FOLDER.glob("*.graphql"))]
