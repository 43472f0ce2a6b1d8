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

    @property
    def is_live(self) -> bool:
        """Whether it is a subscription, whose updates arrive until it is stopped."""
        return re.search(r"^subscription ", self.text, re.MULTILINE) is not None


def stop(path: Path) -> Stop:
    """Return the stop of a document and the file of variables beside it."""
    text, variables = path.read_text(), path.with_suffix(".variables.json").read_text()
    operations = re.findall(r"^(?:query|mutation|subscription) (\w+)", text, re.MULTILINE)
    return Stop(path.stem, text, json.loads(variables), operations)


TOUR = [stop(path) for path in sorted(FOLDER.glob("*.graphql"))]
