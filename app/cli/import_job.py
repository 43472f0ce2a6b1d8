"""A running import: check the file alone, then import batch after batch, and report the rejected rows."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, cast

from app.cli.failures import CommandError, ExitCode
from app.cli.import_files import ImportFile, NumberedRow
from app.cli.import_kind import Kind, RowKey
from app.cli.import_order import order_of
from app.cli.import_rows import FileProblem, first_of
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem, Rejected
from app.domain.upserts import WRITES, RejectionPolicy, RowOutcome
from app.services.lists.results import ListOutcome, RowResult

_MAX_SHOWN = 20
_MAX_LINES_LISTED = 3


@dataclass(slots=True)
class Job:
    """An import with its results so far."""

    kind: Kind[Any]
    file: ImportFile[Any]
    policy: RejectionPolicy
    dry_run: bool
    counts: Counter[RowOutcome] = field(default_factory=Counter[RowOutcome])
    stopped_at: tuple[int, int] | None = None
    """The first and the last line of the batch at which the import stopped; None if it did not."""
    problems: dict[int, list[FileProblem]] = field(default_factory=dict[int, list[FileProblem]])
    """The problems of the rejected rows, by their lines."""
    _shown: int = 0
    _levels: Sequence[int] = ()
    """How far each row is below a row without a parent in the file; empty if all are at the top."""
    _parent_lines: Mapping[int, int] = field(default_factory=dict[int, int])
    """The lines of parents in the file, by the lines that name them."""

    def check_file(self) -> None:
        """Reject rows with the same key or default, and parents in circles; put parents first.

        With ALL_OR_NOTHING, any problem in the file stops the import.
        """
        keys = [self.kind.keys(line.row) for line in self.file.lines]
        lines_by_key: dict[RowKey, list[int]] = {}
        for line, its in zip(self.file.lines, keys, strict=True):
            for key in its:
                lines_by_key.setdefault(key, []).append(line.number)
        for place, (line, its) in enumerate(zip(self.file.lines, keys, strict=True)):
            problems = [
                FileProblem(key.field, ErrorCode.FIELD_CONFLICT, _repeated(key, line.number, lines_by_key[key]))
                for key in its
                if len(lines_by_key[key]) > 1
            ]
            if problems:
                self.file.lines[place] = line._replace(problems=(*line.problems, *problems))
        self._put_in_order()
        rejected = [line for line in self.file.lines if line.problems]
        if rejected and self.policy is RejectionPolicy.ALL_OR_NOTHING:
            self.stopped_at = (self.file.lines[0].number, self.file.lines[-1].number)
            for line in rejected:
                self._reject(line)

    def _put_in_order(self) -> None:
        lines, parents = self.file.lines, self.kind.parents
        if parents is None:
            return
        places = {name: place for place, line in enumerate(lines) for name in parents.names(line.row)}
        named = ((place, parents.parent(line.row)) for place, line in enumerate(lines))
        above = {place: places[key] for place, key in named if key is not None and key in places}
        order = order_of(above)
        for circle in order.circles:
            for place in circle:
                problem = _in_circle(
                    self.file.column(parents.field), lines[place].number, [lines[other].number for other in circle]
                )
                lines[place] = lines[place]._replace(problems=(*lines[place].problems, problem))
        self._parent_lines = {lines[place].number: lines[parent].number for place, parent in above.items()}
        self._levels = [order.levels.get(place, 0) for place in range(len(lines))]

    def batches(self, size: int) -> Iterator[Sequence[NumberedRow[Any]]]:
        """Yield the rows in batches of at most a size, parents before the batch of the first row that names them."""
        waves: dict[int, list[NumberedRow[Any]]] = {}
        for line, level in zip_longest(self.file.lines, self._levels, fillvalue=0):
            waves.setdefault(level, []).append(cast("NumberedRow[Any]", line))
        for _, wave in sorted(waves.items()):
            for start in range(0, len(wave), size):
                yield wave[start : start + size]

    async def carry_out(self, unit_of_work: UnitOfWork, lines: Sequence[NumberedRow[Any]]) -> None:
        """Import one batch."""
        lines = await self._resolved(unit_of_work, lines)
        if self.policy is RejectionPolicy.ALL_OR_NOTHING and any(line.problems for line in lines):
            self.stopped_at = _between(lines)
            for line in lines:
                if line.problems:
                    self._reject(line)
            return
        sent = [line for line in lines if not line.problems]
        results = iter(await self._results(unit_of_work, sent) if sent else ())
        if self.stopped_at is not None:
            for result in results:
                self._add_result(sent[result.index], result)
            return
        for line in lines:
            if line.problems:
                self._reject(line)
            else:
                self._add_result(line, next(results))

    async def _resolved(
        self, unit_of_work: UnitOfWork, lines: Sequence[NumberedRow[Any]]
    ) -> Sequence[NumberedRow[Any]]:
        """Return the rows of a batch with the ids of what they name by key."""
        if self.kind.parents is None:
            return lines
        resolved = await self.kind.parents.resolve(unit_of_work, [line.row for line in lines])
        return [
            line._replace(row=found.line, problems=(*line.problems, *self._of_keys(line, found.problems)))
            for line, found in zip(lines, resolved, strict=True)
        ]

    def _of_keys(self, line: NumberedRow[Any], problems: Sequence[Problem]) -> Iterator[FileProblem]:
        reported = {problem.field for problem in line.problems}
        for problem in problems:
            found = self._of_key(line, problem)
            if found.field not in reported:
                yield found

    def _of_key(self, line: NumberedRow[Any], problem: Problem) -> FileProblem:
        found = self._problem(replace(problem, path=("rows", 0, *problem.path)))
        parent = self._parent_lines.get(line.number)
        if problem.code is not ErrorCode.PARENT_CUSTOMER_NOT_FOUND or parent is None:
            return found
        return found._replace(message=f"is the key of line {parent}, which was rejected: correct that line too.")

    async def _results(self, unit_of_work: UnitOfWork, lines: Sequence[NumberedRow[Any]]) -> Sequence[RowResult]:
        try:
            return await self.kind.carry_out(unit_of_work, [line.row for line in lines], self.policy)
        except Rejected as rejected:
            if not isinstance(rejected.current, ListOutcome):
                # The problem isn't about a row, so every further batch would have it.
                msg = "\n".join(f"The import {problem.message}" for problem in rejected.problems)
                raise CommandError(msg, ExitCode.SETTINGS) from rejected
            self.stopped_at = _between(lines)
            return [result for result in rejected.current.results if result.errors]

    def _add_result(self, line: NumberedRow[Any], result: RowResult) -> None:
        self.counts[result.outcome] += 1
        for problem in result.errors:
            self._report(line, self._problem(problem))

    def _reject(self, line: NumberedRow[Any]) -> None:
        """Report a row that is not sent, with all problems of its other fields."""
        self.counts[RowOutcome.REFUSED] += 1
        fields = {problem.field for problem in line.problems}
        others = [problem for problem in self._problems(line) if problem.field not in fields]
        for problem in (*line.problems, *others):
            self._report(line, problem)

    def _problems(self, line: NumberedRow[Any]) -> Iterator[FileProblem]:
        if all(problem.field for problem in line.problems):
            for problem in self.kind.problems(line.row):
                yield self._problem(replace(problem, path=("rows", 0, *problem.path)))

    def _problem(self, problem: Problem) -> FileProblem:
        return FileProblem(self.file.column_of(problem), problem.code, problem.message)

    def _report(self, line: NumberedRow[Any], problem: FileProblem) -> None:
        self.problems.setdefault(line.number, []).append(problem)
        self._shown += 1
        if self._shown <= _MAX_SHOWN:
            sys.stderr.write(f"line {line.number}: {problem.sentence} ({problem.code})\n")
        elif self._shown == _MAX_SHOWN + 1:
            sys.stderr.write("Further problems are not shown: --refused FILE writes all of them.\n")

    def summary(self) -> str:
        """Return the numbers of rows by outcome, and where the import stopped."""
        summary = f"{'Dry run, nothing was written' if self.dry_run else 'Rows'}: {self._counted()}."
        if self.stopped_at is None:
            return summary
        return f"{summary} {self._stopped(*self.stopped_at)}"

    def interrupted(self) -> str:
        """Return what was stored before an interruption, and how to go on."""
        done = sum(self.counts.values())
        if self.dry_run:
            return "Interrupted: nothing was stored, because --dry-run was given."
        if not done:
            return "Interrupted before any row was stored. To import the file, run the same command again."
        return (
            f"Interrupted after {done} of {len(self.file.lines)} rows: {self._counted()}. These are stored, except the"
            " rejected ones."
            " To go on, run the same command again: rows that are stored will be unchanged."
        )

    def _counted(self) -> str:
        words = {outcome: outcome.lower() for outcome in RowOutcome} | {RowOutcome.REFUSED: "rejected"}
        return ", ".join(f"{self.counts[outcome]} {word}" for outcome, word in words.items())

    def _stopped(self, first: int, last: int) -> str:
        """Return what was stored of a file with a rejected row, and what to do."""
        rejected = self.counts[RowOutcome.REFUSED]
        why = f"because {rejected} row{'s were' if rejected > 1 else ' was'} rejected and --all-or-nothing was given"
        again = f"Correct the {'rows' if rejected > 1 else 'row'} and run the import again."
        if not any(self.counts[outcome] for outcome in WRITES):
            return f"Nothing was stored, {why}. {again}"
        stored = "would be" if self.dry_run else "was"
        if any(self._levels):
            return (
                f"Stopped at rows of lines {first} to {last}, {why}: nothing of this batch or of the next"
                f" ones {stored} stored."
                f" Rows whose parents are in the file come after all others. {again}"
            )
        return (
            f"Stopped at lines {first} to {last}, {why}: nothing of these lines or of those after them {stored}"
            f" stored. {again}"
        )


def _repeated(key: RowKey, number: int, numbers: Sequence[int]) -> str:
    """Return the message of a row whose key other lines have too. Names a few of them, however many there are."""
    # One more than are listed, because one may be its own.
    others = [other for other in numbers[: _MAX_LINES_LISTED + 1] if other != number]
    return key.repeated.format(lines=_listed(others, len(numbers) - 1))


def _listed(numbers: Sequence[int], count: int) -> str:
    """Return the first lines of a number of them, such as "lines 2, 3, 4 and 7 more"."""
    return f"line{'s' if count > 1 else ''} {first_of(list(map(str, numbers)), _MAX_LINES_LISTED, count)}"


def _between(lines: Sequence[NumberedRow[Any]]) -> tuple[int, int]:
    return lines[0].number, lines[-1].number


def _in_circle(name: str, number: int, numbers: Sequence[int]) -> FileProblem:
    """Return the problem of a row that names itself as its parent, or through other rows."""
    if len(numbers) == 1:
        message = "must not be the key of the same row: a customer can't be its own parent."
        return FileProblem(name, ErrorCode.PARENT_CUSTOMER_SELF_REFERENCE, message)
    start = numbers.index(number)
    others = [*numbers[start + 1 :], *numbers[:start]]
    message = f"leads back to this row by {_listed(others, len(others))}: parents can't form a circle."
    return FileProblem(name, ErrorCode.PARENT_CUSTOMER_IS_CHILD, message)
