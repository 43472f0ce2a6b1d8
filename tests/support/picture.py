"""Take docs/explorer.png, the README's picture of the explorer: `make explorer-picture`.

The picture holds a note of what it shows, so that a test can tell when it is out of date
(tests/contract/test_documentation.py).
"""

import asyncio
import struct
import zlib
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.browser import chromium, new_context
from tests.support.commands import ROOT, free_port, running, wait_for_text
from tests.support.tour import TOUR
from tests.support.visit import Visit

PICTURE = ROOT / "docs" / "explorer.png"
_SIZE = (1400, 700)
_HAS_SETTLED = """() => [...document.querySelectorAll(".scrollbar")]
  .every((scrollbar) => getComputedStyle(scrollbar).opacity === "0")"""
_KEYWORD = b"Comment\0"
# A signature of 8 bytes, and a chunk IHDR of 13 with length, name and checksum.
_HEADER_BYTES = 8 + 13 + 12


def in_sight() -> str:
    """Return a digest of the texts in sight: the first document of the tour, and the titles of the tabs."""
    texts = [TOUR[0].text, *(name for stop in TOUR for name in stop.operations)]
    return sha256("\0".join(texts).encode()).hexdigest()


def noted(png: bytes) -> str | None:
    """Return the note in a picture, or None if it has none."""
    length = int.from_bytes(png[_HEADER_BYTES : _HEADER_BYTES + 4])
    name, data = png[_HEADER_BYTES + 4 : _HEADER_BYTES + 8], png[_HEADER_BYTES + 8 : _HEADER_BYTES + 8 + length]
    return data.removeprefix(_KEYWORD).decode("latin-1") if name == b"tEXt" and data.startswith(_KEYWORD) else None


def with_note(png: bytes, note: str) -> bytes:
    """Return a picture with a note as its first chunk after the header."""
    body = b"tEXt" + _KEYWORD + note.encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_BYTES] + chunk + png[_HEADER_BYTES:]


async def take(address: str) -> bytes:
    """Return a screenshot of the first tab of the tour with its answer, as PNG."""
    async with chromium("docs/explorer.png was") as browser:
        context = await new_context(browser, width=_SIZE[0], height=_SIZE[1])
        visit = Visit(await context.new_page())
        await visit.enter_signed_in(address)
        await visit.run()
        # Nothing is hovered over, no cursor blinks, and the scrollbars have faded.
        await visit.page.locator(".bar-title").click()
        await visit.page.wait_for_function(_HAS_SETTLED)
        return await visit.page.screenshot()


def main() -> None:
    """Start `dev` on data of its own, take the picture and write it."""
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        output, port = Path(folder) / "output", free_port()
        with running("dev", "--data-folder", str(Path(folder) / "dev"), "--port", str(port), output=output) as process:
            wait_for_text(process, output, "\ncurl ")
            picture = asyncio.run(take(f"http://127.0.0.1:{port}"))
    PICTURE.write_bytes(with_note(picture, in_sight()))


if __name__ == "__main__":
    main()
