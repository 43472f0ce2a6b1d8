"""Decoding of files to import: UTF-8, UTF-16 or UTF-32, with or without a byte order mark."""

import codecs
from pathlib import Path
from typing import NamedTuple

from app.cli.failures import CommandError, ExitCode

_SAVE_AS = 'In Excel, save it as "CSV UTF-8"; in LibreOffice, save it as CSV with the character set Unicode (UTF-8).'
# UTF-32 first, because one of its marks starts with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
)
# The positions of zero bytes if the first two characters are ASCII, as in a header or a JSON object.
_ZEROS = (
    ((False, True, True, True), "utf-32-le", "UTF-32"),
    ((True, True, True, False), "utf-32-be", "UTF-32"),
    ((False, True, False, True), "utf-16-le", "UTF-16"),
    ((True, False, True, False), "utf-16-be", "UTF-16"),
)
# First bytes of other kinds of files that people try to import.
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"PK\x05\x06", "an empty zip file"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a file compressed by gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\0", "an SQLite database"),
)


class Text(NamedTuple):
    """A file's text and its encoding."""

    content: str
    encoding: str
    """The name of the encoding for people."""
    codec: str
    mark: bytes
    """Its byte order mark; empty if it has none."""


def read_text(path: Path) -> Text:
    """Return the text of a file. Raise CommandError if it isn't text."""
    content = path.read_bytes()
    for start, what in _NOT_TEXT:
        if content.startswith(start):
            msg = f"{path} is {what}, not text. {_SAVE_AS}"
            raise CommandError(msg, ExitCode.SETTINGS)
    codec, encoding, mark_bytes = _encoding_of(content)
    try:
        text = content[mark_bytes:].decode(codec)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].decode(codec, errors="ignore").count("\n") + 1
        msg = f"{path}, line {line}: is not {encoding}. {_SAVE_AS}"
        raise CommandError(msg, ExitCode.SETTINGS) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        msg = f"{path}, line {line}: contains a NUL byte, so the file is not text. {_SAVE_AS}"
        raise CommandError(msg, ExitCode.SETTINGS)
    return Text(text, encoding, codec, content[:mark_bytes])


def _encoding_of(content: bytes) -> tuple[str, str, int]:
    """Return the codec, its name for people, and the length of the byte order mark."""
    for mark, codec, encoding in _MARKS:
        if content.startswith(mark):
            return codec, encoding, len(mark)
    zeros = tuple(byte == 0 for byte in content[:4])
    for pattern, codec, encoding in _ZEROS:
        if zeros == pattern:
            return codec, encoding, 0
    return "utf-8", "UTF-8", 0
