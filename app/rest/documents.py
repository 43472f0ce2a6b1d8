"""The documents of the REST endpoints. They are trusted documents, so that `/graphql` runs them by their ids, too."""

from collections.abc import Mapping
from pathlib import Path

ID_PREFIX = "x-rest:"
"""How the ids of these documents begin; no document of a manifest has such an id."""

_FOLDER = Path(__file__).parent / "documents"

TEXTS: Mapping[str, str] = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.graphql"))}
"""The texts by the names of their files."""
TRUSTED: Mapping[str, str] = {f"{ID_PREFIX}{name}": text for name, text in TEXTS.items()}
"""The texts by their ids."""
