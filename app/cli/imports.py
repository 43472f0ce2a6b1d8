"""`import`: rows from a file, created or brought up to date in batches."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer
from typer.core import TyperGroup

from app.cli.companies import unknown_company
from app.cli.data import progress_bar
from app.cli.faults import CommandError, ExitCode
from app.cli.import_files import FileFormat, Line, format_of, read_lines
from app.cli.import_kinds import ACCOUNTS, Kind, customers_by, results_of
from app.cli.refusals import Refusal, Report, report_to
from app.cli.running import database_settings
from app.cli.serving import check_database
from app.db import companies
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Refused
from app.domain.upserts import MOST_ROWS, MatchKey, RefusalPolicy, RowOutcome
from app.settings import Settings

_MOST_SHOWN = 20


class _CustomersUnlessNamed(TyperGroup):
    """`import FILE` means `import customers FILE`, as it did when there was nothing else to import."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "--version"}:
            args = ["customers", *args]
        return super().parse_args(ctx, args)


import_ = typer.Typer(
    help="Create or update rows from a file: customers unless another kind is named.",
    cls=_CustomersUnlessNamed,
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="The file, UTF-8: CSV with a header, or JSON lines.")]
CompanyId = Annotated[UUID, typer.Option("--company", help="The company's id.")]
Format = Annotated[
    FileFormat | None, typer.Option("--format", help="How the file is written; as its name ends unless given.")
]
Batch = Annotated[int, typer.Option(help="Rows per transaction.", min=1, max=MOST_ROWS)]
RefusedFile = Annotated[
    Path | None, typer.Option("--refused", help="A file for the refused rows, .csv or .jsonl; it is replaced.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide everything and write nothing.")]
RowByRow = Annotated[
    bool,
    typer.Option(
        "--row-by-row/--all-or-nothing",
        help="Whether the other rows of a batch are written where one is refused, or the import stops before it.",
    ),
]


@import_.command()
def customers(
    file: File,
    company: CompanyId,
    file_format: Format = None,
    match_by: Annotated[
        MatchKey, typer.Option(help="The key that finds a row's customer.")
    ] = MatchKey.EXTERNAL_SYSTEM_ID,
    batch: Batch = 200,
    refused: RefusedFile = None,
    *,
    dry_run: DryRun = False,
    row_by_row: RowByRow = True,
) -> None:
    """Create or update a company's customers from a file. Running it again leaves what is there already unchanged."""
    _import(customers_by(match_by), _Source(file, file_format, company, batch, refused), dry_run, row_by_row)


@import_.command()
def accounts(
    file: File,
    company: CompanyId,
    file_format: Format = None,
    batch: Batch = 200,
    refused: RefusedFile = None,
    *,
    dry_run: DryRun = False,
    row_by_row: RowByRow = True,
) -> None:
    """Create or update a company's ledger accounts, found by number, from a file. Running it again changes nothing."""
    _import(ACCOUNTS, _Source(file, file_format, company, batch, refused), dry_run, row_by_row)


class _Source(NamedTuple):
    """What is read, for whom, how much at a time, and where refusals are written."""

    file: Path
    file_format: FileFormat | None
    company_id: UUID
    batch: int
    refused: Path | None


def _import(kind: Kind[Any], source: _Source, dry_run: bool, row_by_row: bool) -> None:  # noqa: FBT001 - as they were typed
    settings = database_settings()
    asyncio.run(check_database(settings.service_dsn))
    lines = read_lines(source.file, source.file_format or format_of(source.file), kind.columns)
    refused = source.refused
    if refused is not None and refused.exists() and refused.samefile(source.file):
        msg = f"{refused} is the file to import: choose another for the refused rows."
        raise CommandError(msg, ExitCode.SETTINGS)
    policy = RefusalPolicy.ROW_BY_ROW if row_by_row else RefusalPolicy.ALL_OR_NOTHING
    with report_to(refused) as report, progress_bar(f"Importing {kind.columns.plural}") as progress:
        job = _Job(source.company_id, kind, policy, report, dry_run)
        asyncio.run(_run(job, settings, lines, source.batch, progress))
    sys.stdout.write(f"{job.summary()}\n")
    if job.counts[RowOutcome.REFUSED]:
        raise typer.Exit(ExitCode.DIFFERENT)


@dataclass(slots=True)
class _Job:
    """An import, and what has become of it so far."""

    company_id: UUID
    kind: Kind[Any]
    policy: RefusalPolicy
    report: Report | None
    dry_run: bool
    counts: Counter[RowOutcome] = field(default_factory=Counter[RowOutcome])
    stopped_at: tuple[int, int] | None = None
    """The first and the last line of the batch that was refused whole."""
    shown: int = 0

    async def carry_out(self, unit_of_work: UnitOfWork, lines: Sequence[Line[Any]]) -> None:
        """Carry out one batch."""
        rows = [each.row for each in lines]
        try:
            results = await self.kind.carry_out(unit_of_work, rows, self.policy, dry_run=self.dry_run)
        except Refused as refused:
            found = results_of(refused.current)
            if found is None:
                # Nothing of any row, so all of the file meets it.
                msg = "\n".join(f"The import {fault.message}" for fault in refused.faults)
                raise CommandError(msg, ExitCode.SETTINGS) from refused
            self.stopped_at = (lines[0].number, lines[-1].number)
            results = [each for each in found if each.errors]
        for result in results:
            self.counts[result.outcome] += 1
            for fault in result.errors:
                self._tell(Refusal.of(lines[result.index].number, fault))

    def _tell(self, refusal: Refusal) -> None:
        if self.report is not None:
            self.report.write(refusal)
        self.shown += 1
        if self.shown <= _MOST_SHOWN:
            sys.stderr.write(f"{refusal}\n")
        elif self.shown == _MOST_SHOWN + 1:
            sys.stderr.write("There are more: --refused FILE writes all of them.\n")

    def summary(self) -> str:
        """What was done, or would have been."""
        counts = ", ".join(f"{self.counts[each]} {each.lower()}" for each in RowOutcome)
        summary = f"{'Dry run, nothing was written' if self.dry_run else 'Rows'}: {counts}."
        if self.stopped_at is None:
            return summary
        first, last = self.stopped_at
        return f"{summary} Stopped: nothing of lines {first} to {last} was written; correct them and run it again."


async def _run(
    job: _Job, settings: Settings, lines: Sequence[Line[Any]], batch: int, progress: Callable[[int, int], None]
) -> None:
    """Carry out batch after batch, each in a transaction of its own."""
    database = Database(
        settings.service_dsn,
        pool_size=1,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
    )
    try:
        await _require_company(database, job.company_id)
        for start in range(0, len(lines), batch):
            await job.carry_out(UnitOfWork(database, job.company_id), lines[start : start + batch])
            if job.stopped_at is not None:
                break
            progress(min(start + batch, len(lines)), len(lines))
    finally:
        await database.dispose()


async def _require_company(database: Database, company_id: UUID) -> None:
    async with database.read(company_id) as session:
        if await companies.current(session) is None:
            raise unknown_company(company_id)
