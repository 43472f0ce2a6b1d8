"""`import`: create or update rows from a file, in batches."""

import asyncio
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer
from typer.core import TyperGroup

from app.cli.companies import unknown_company
from app.cli.data import progress_bar
from app.cli.failures import CommandError, ExitCode
from app.cli.import_files import FileFormat, read_file
from app.cli.import_job import Job
from app.cli.import_kind import Kind
from app.cli.import_kinds import KINDS, Importable
from app.cli.import_report import report_to
from app.cli.serving import check_database
from app.cli.target import service_target
from app.db import companies
from app.db.database import Database
from app.db.pooling import Pooling
from app.db.replanning import discard_plans
from app.db.unit_of_work import UnitOfWork, rehearsal
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy, RowOutcome
from app.settings import Settings

_DEFAULT_KIND = next(iter(KINDS))
# A word without the ending or the folder of a file's name.
_WORD = re.compile(r"[A-Za-z_-]+")


class _CustomersUnlessNamed(TyperGroup):
    """`import FILE` is short for `import customers FILE`, the only kind at first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "--version"}:
            meant = None if Path(args[0]).exists() else _kind_meant(args[0])
            if meant is not None:
                ctx.fail(
                    f'There is neither a kind nor a file "{args[0]}". Did you mean {meant}? Choose from:'
                    f" {', '.join(KINDS)}."
                )
            args = [_DEFAULT_KIND, *args]
        return super().parse_args(ctx, args)


def _kind_meant(word: str) -> str | None:
    """Return the kind that a word means, such as "contacts" for "contact" or "ledger-accounts"; else None."""
    if not _WORD.fullmatch(word):
        return None
    one = word.lower().removesuffix("s")
    ending = next((name for name in KINDS if one.endswith(name.removesuffix("s"))), None)
    return ending or next(iter(get_close_matches(word.lower(), KINDS, n=1)), None)


import_ = typer.Typer(
    help="Create or update rows from a file: customers unless another kind is named.",
    cls=_CustomersUnlessNamed,
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="The file: CSV with a header, or JSON lines.")]
CompanyId = Annotated[
    UUID | None,
    typer.Option("--company", help="The company's id. Default, with the database of `dev`: its demo company."),
]
Format = Annotated[
    FileFormat | None, typer.Option("--format", help="The file's format. Default: by the ending of its name.")
]
Batch = Annotated[int, typer.Option(help="Rows per transaction.", min=1, max=MOST_UPSERT_ROWS)]
RefusedFile = Annotated[
    Path | None,
    typer.Option(
        "--refused",
        help="A file for the rejected rows, in the format of FILE, to correct and import. An existing one is replaced.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Run the import in one transaction, and roll it back.")]
RowByRow = Annotated[
    bool,
    typer.Option(
        "--row-by-row/--all-or-nothing",
        help="If a row is rejected, write the other rows of its batch, or stop the import before the batch.",
    ),
]


class _Source(NamedTuple):
    """The arguments of an import command."""

    file: Path
    file_format: FileFormat | None
    company_id: UUID | None
    batch: int
    refused: Path | None


def _command_of(kind: Kind[Any]) -> Callable[..., None]:
    def command(
        file: File,
        company: CompanyId = None,
        file_format: Format = None,
        batch: Batch = 200,
        refused: RefusedFile = None,
        *,
        dry_run: DryRun = False,
        row_by_row: RowByRow = True,
    ) -> None:
        _import(kind, _Source(file, file_format, company, batch, refused), dry_run, row_by_row)

    return command


def _command_with_key(kind_by: Callable[[Any], Kind[Any]], default: StrEnum, noun: str) -> Callable[..., None]:
    def command(
        file: File,
        company: CompanyId = None,
        file_format: Format = None,
        match_by: Any = default,
        batch: Batch = 200,
        refused: RefusedFile = None,
        *,
        dry_run: DryRun = False,
        row_by_row: RowByRow = True,
    ) -> None:
        _import(kind_by(match_by), _Source(file, file_format, company, batch, refused), dry_run, row_by_row)

    # The choices are the keys of this kind, and Typer takes them from the annotation.
    command.__annotations__["match_by"] = Annotated[
        type(default), typer.Option(help=f"The field that identifies the {noun} of a row.")
    ]
    return command


def _command_named(name: str, importable: Importable) -> Callable[..., None]:
    if importable.match_by is None:
        return _command_of(importable.default)
    return _command_with_key(importable.by, importable.match_by, name.removesuffix("s"))


for _name, _importable in KINDS.items():
    import_.command(_name, help=_importable.help)(_command_named(_name, _importable))


def _import(kind: Kind[Any], source: _Source, dry_run: bool, row_by_row: bool) -> None:  # noqa: FBT001 - options of the command
    target = service_target()
    company_id = target.company_id(source.company_id)
    asyncio.run(check_database(target.settings.service_dsn, Pooling(target.settings.database_pooling)))
    file = read_file(source.file, source.file_format, kind.columns)
    sys.stderr.write(f"Reading {source.file}: {file.form}.\n")
    missing = kind.missing_key(file.names)
    if missing is not None:
        msg = f"{source.file} {missing}"
        raise CommandError(msg, ExitCode.SETTINGS)
    report = None if source.refused is None else report_to(source.refused, source.file, file)
    policy = RejectionPolicy.ROW_BY_ROW if row_by_row else RejectionPolicy.ALL_OR_NOTHING
    job = Job(kind, file, policy, dry_run)
    try:
        with progress_bar(f"Importing {kind.columns.plural}") as progress:
            asyncio.run(_run(job, target.settings, company_id, source.batch, progress))
    except KeyboardInterrupt:
        unwritten = "" if source.refused is None else f" {source.refused} was not written."
        sys.stderr.write(f"{job.interrupted()}{unwritten}\n")
        raise
    sys.stdout.write(f"{job.summary()}\n")
    if report is not None:
        report.write(job.problems)
    if job.counts[RowOutcome.REFUSED]:
        raise typer.Exit(ExitCode.DIFFERENT)


async def _run(
    job: Job, settings: Settings, company_id: UUID, batch: int, progress: Callable[[int, int], None]
) -> None:
    """Import all batches, one transaction each; a dry run is one transaction, which is rolled back."""
    database = Database(
        settings.service_dsn,
        pool_size=1,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        pooling=Pooling(settings.database_pooling),
    )
    try:
        await _require_company(database, company_id)
        job.check_file()
        if job.dry_run:
            async with rehearsal(database, company_id) as unit_of_work:
                await import_batches(job, unit_of_work, batch, progress)
        else:
            await import_batches(job, UnitOfWork(database, company_id), batch, progress)
    finally:
        await database.dispose()


async def import_batches(job: Job, unit_of_work: UnitOfWork, batch: int, progress: Callable[[int, int], None]) -> None:
    """Import one batch after the other, until the import stops or is interrupted."""
    done, total = 0, len(job.file.lines)
    planned = batch
    for lines in job.batches(batch):
        if job.stopped_at is not None:
            return
        if done >= planned:
            await unit_of_work.run(discard_plans)
            planned = 2 * done
        await job.carry_out(unit_of_work, lines)
        done += len(lines)
        progress(done, total)
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # A commit waits for its outcome and ignores the interruption that arrives meanwhile.
            raise asyncio.CancelledError


async def _require_company(database: Database, company_id: UUID) -> None:
    async with database.read(company_id) as session:
        if await companies.current(session) is None:
            raise unknown_company(company_id)
