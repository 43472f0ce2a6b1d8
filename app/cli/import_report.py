"""The file of rejected rows that `--refused` names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.failures import CommandError, ExitCode
from app.cli.import_files import ImportFile, format_of
from app.cli.import_source import ProblemsByLine
from app.cli.whole_files import require_writable, write_whole


@dataclass(frozen=True, slots=True)
class Report:
    """Writes the rejected rows of a file."""

    path: Path
    file: ImportFile[Any]
    mode: int
    """The permissions of the imported file, because the rejected rows are as confidential."""

    def write(self, problems: ProblemsByLine) -> None:
        """Replace the file of rejected rows."""
        write_whole(self.path, self.file.source.rejected(problems), self.mode)


def report_to(path: Path, imported: Path, file: ImportFile[Any]) -> Report:
    """Return a report on the rows of an imported file. Raise CommandError if it can't be written."""
    if path.exists() and path.samefile(imported):
        msg = f"{path} is the file to import: choose another file for the rejected rows."
        raise CommandError(msg, ExitCode.SETTINGS)
    if format_of(path) is not file.file_format:
        msg = (
            f"{path} must end in .{file.file_format}: rejected rows are written in the format of {imported},"
            " so that they"
            " can be corrected and imported."
        )
        raise CommandError(msg, ExitCode.SETTINGS)
    require_writable(path)
    return Report(path, file, imported.stat().st_mode)
