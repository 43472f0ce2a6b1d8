"""An import that is interrupted."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.import_accounts import ACCOUNTS
from app.cli.import_files import read_file
from app.cli.import_job import Job
from app.cli.imports import import_batches
from app.db.database import Database
from app.db.tables import ledger_accounts
from app.db.unit_of_work import UnitOfWork
from app.domain.upserts import RejectionPolicy
from app.services.upsert_accounts import UpsertAccountsCommand, UpsertAccountsOutcome, upsert_accounts
from tests.support.commands import running, wait_for_text


async def test_an_import_that_is_interrupted_during_a_commit_ends_after_it(
    database: Database, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    async def interrupted(
        unit_of_work: UnitOfWork, actor: str, command: UpsertAccountsCommand, key: str | None
    ) -> tuple[UpsertAccountsOutcome, bool]:
        written = await upsert_accounts(unit_of_work, actor, command, key)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        # As a commit does, which waits for its outcome.
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        return written

    path = tmp_path / "accounts.csv"
    path.write_text("number,name\n1,One\n2,Two\n3,Three\n")
    kind = replace(ACCOUNTS, upsert=interrupted)
    job = Job(kind, read_file(path, None, kind.columns), RejectionPolicy.ROW_BY_ROW, dry_run=False)
    importing = asyncio.ensure_future(import_batches(job, UnitOfWork(database, company), 1, lambda _done, _total: None))
    await asyncio.wait({importing})

    assert importing.cancelled()
    assert await stored(owner_engine, company) == 1


async def test_ctrl_c_says_what_is_stored_and_how_to_go_on(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    rows, path, output = 4_000, tmp_path / "accounts.csv", tmp_path / "output"
    path.write_text("number,name\n" + "".join(f"{number},Account\n" for number in range(rows)))
    refused = tmp_path / "refused.csv"
    arguments = ["import", "accounts", path, "--company", str(company), "--batch", "2", "--refused", refused]
    with running(*arguments, output=output, DATABASE_URL=service_dsn) as process:
        async with asyncio.timeout(60):
            while not await stored(owner_engine, company):  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130

    done = await stored(owner_engine, company)
    assert 0 < done < rows
    assert output.read_text().splitlines()[-1] == (
        f"Interrupted after {done} of {rows} rows: {done} created, 0 updated, 0 unchanged, 0 rejected. These are stored, "
        "except the rejected ones. To go on, run the same command again: rows that are stored will be unchanged."
        f" {refused} was not written."
    )


async def test_ctrl_c_during_a_dry_run_says_that_nothing_is_stored(
    service_dsn: str, company: UUID, tmp_path: Path
) -> None:
    path, output = tmp_path / "accounts.csv", tmp_path / "output"
    path.write_text("number,name\n" + "".join(f"{number},Account\n" for number in range(4_000)))
    arguments = ["import", "accounts", path, "--company", str(company), "--batch", "1", "--dry-run"]
    with running(*arguments, output=output, DATABASE_URL=service_dsn) as process:
        wait_for_text(process, output, "Reading ")
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert output.read_text().splitlines()[-1] == "Interrupted: nothing was stored, because --dry-run was given."


async def stored(engine: AsyncEngine, company: UUID) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).where(ledger_accounts.c.company_id == company)
        return (await connection.execute(query)).scalar_one()
