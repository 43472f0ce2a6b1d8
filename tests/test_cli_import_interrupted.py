"""An import that is interrupted while a batch is committed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.import_accounts import ACCOUNTS
from app.cli.import_files import read_file
from app.cli.import_job import Job
from app.cli.import_kind import RowResult
from app.cli.imports import import_batches
from app.db.database import Database
from app.db.tables import ledger_accounts
from app.db.unit_of_work import UnitOfWork
from app.domain.upserts import RejectionPolicy


async def test_an_import_that_is_interrupted_during_a_commit_ends_after_it(
    database: Database, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    async def interrupted(
        unit_of_work: UnitOfWork, rows: Sequence[Mapping[str, object]], policy: RejectionPolicy
    ) -> Sequence[RowResult]:
        results = await ACCOUNTS.carry_out(unit_of_work, rows, policy)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        # As a commit does, which waits for its outcome.
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        return results

    path = tmp_path / "accounts.csv"
    path.write_text("number,name\n1,One\n2,Two\n3,Three\n")
    kind = replace(ACCOUNTS, carry_out=interrupted)
    job = Job(kind, read_file(path, None, kind.columns), RejectionPolicy.ROW_BY_ROW, dry_run=False)
    importing = asyncio.ensure_future(import_batches(job, UnitOfWork(database, company), 1, lambda _done, _total: None))
    await asyncio.wait({importing})

    assert importing.cancelled()
    async with owner_engine.connect() as connection:
        query = select(func.count()).where(ledger_accounts.c.company_id == company)
        assert (await connection.execute(query)).scalar_one() == 1
