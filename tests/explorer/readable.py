"""Whether what a page shows can be read: contrast.js measures it."""

from pathlib import Path
from typing import Literal, TypedDict

from tests.support.visit import Visit

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PATIENCE = 100
_MEASURE = Path(__file__).with_name("contrast.js").read_text()


class Found(TypedDict):
    """What was measured, and what of it has too little contrast: what it is, its contrast, and which text or color."""

    faint: list[tuple[str, tuple[float, str]]]
    measured: list[str]


async def assert_readable(visit: Visit, *expected: str) -> None:
    """Whatever is shown can be read, and these classes are among it; what fades in has the time to do so."""
    found: Found = {"faint": [], "measured": []}
    for _ in range(PATIENCE):
        found = await visit.page.evaluate(_MEASURE)
        missing = [text for text in expected if not any(text in measured for measured in found["measured"])]
        if (found["faint"], missing) == ([], []):
            return
        await visit.page.wait_for_timeout(100)
    missing = [text for text in expected if not any(text in measured for measured in found["measured"])]
    assert (found["faint"], missing) == ([], []), (found["faint"], missing)
