"""The rejected rows of a file, each with its problems, to be corrected and imported again."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from app.cli.import_records import cells_of_any_length, filled_records, separator_line, without_cell
from app.cli.import_rows import PROBLEMS, FileProblem
from app.cli.import_text import Text
from app.domain.texts import stored_form

ProblemsByLine = Mapping[int, Sequence[FileProblem]]
"""The problems of rejected rows, by the number of their first line."""
# The numbers of a record are not needed, and may have more digits than Python converts.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read."""

    text: Text
    separator: str | None
    """The separator of its cells; None for JSON lines."""

    def rejected(self, problems: ProblemsByLine) -> bytes:
        """Return a file of the rejected rows in the format and encoding of this one, with a column of problems."""
        content = (
            _objects(self.text.content, problems)
            if self.separator is None
            else _table(self.text.content, self.separator, problems)
        )
        # JSON may contain lone surrogates as escapes, which are also how they are written.
        return self.text.mark + content.encode(self.text.codec, errors="backslashreplace")


def _table(text: str, separator: str, problems: ProblemsByLine) -> str:
    written = StringIO(newline="")
    writer = csv.writer(written, delimiter=separator)
    told = separator_line(text)
    if told and told[1] == separator:
        written.write(f"{told[0]}\r\n")
    with cells_of_any_length(text):
        records = filled_records(text, separator, told)
        _, names = next(records)
        place = next((place for place, cell in enumerate(names) if stored_form(cell) == PROBLEMS), None)
        if place is not None:
            names = [*names[:place], *names[place + 1 :]]
            records = without_cell(records, place)
        # The first column, because rows may have fewer or more cells than the header.
        writer.writerow([PROBLEMS, *names])
        writer.writerows([_told(line, problems[line]), *cells] for line, cells in records if line in problems)
    return written.getvalue()


def _objects(text: str, problems: ProblemsByLine) -> str:
    lines = text.split("\n")
    return "".join(_object(lines[line - 1], _told(line, problems[line])) for line in sorted(problems))


def _object(text: str, told: str) -> str:
    # As text, because parsing would change numbers and lose repeated names.
    members = [member for name, member in _members(text) if name != PROBLEMS]
    return f"{{{', '.join([f'{json.dumps(PROBLEMS)}: {json.dumps(told, ensure_ascii=False)}', *members])}}}\n"


def _members(text: str) -> Iterator[tuple[object, str]]:
    """Yield the name of each member of a JSON object, and the member as it is written."""
    place = _after_space(text, text.index("{") + 1)
    while text[place] != "}":
        start = place
        name, place = _DECODER.raw_decode(text, start)
        _, place = _DECODER.raw_decode(text, _after_space(text, _after_space(text, place) + len(":")))
        yield name, text[start:place]
        place = _after_space(text, place)
        if text[place] == ",":
            place = _after_space(text, place + 1)


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()


def _told(line: int, problems: Sequence[FileProblem]) -> str:
    return f"line {line}: {' '.join(problem.sentence for problem in problems)}"
