"""The speed of a large import, in CPU time, so that it can be measured on a busy machine. docs/import.md has the
figures."""

import asyncio
import csv
import os
from collections.abc import Generator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.dsn import with_role
from app.db.embedded import EmbeddedServer
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from bench.cpu import run_seconds
from tests.support.commands import running_anew
from tests.support.records import Records, new_company

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="function")]
ROWS = int(os.environ.get("IMPORT_ROWS", "100000"))
CUSTOMERS = 20_000
MOST_SECONDS = 90 * ROWS / 100_000
"""CPU time of the importer and of PostgreSQL together, for one import."""
_MOST_WAITED = 1_800
"""Seconds until an import is given up, on a machine that is busy with other things."""
COLUMNS = (
    *(
        "externalSystemId",
        "customer.externalSystemId",
        "name",
        "status",
        "currency",
        "netAmount",
        "anchorDay",
        "startedOn",
    ),
    *("currentPeriod.startsOn", "currentPeriod.endsOn", "currentPeriod.netAmount", "currentPeriod.billedAmount"),
    *("currentPeriod.billedOn", "nextBillingDate"),
)


class Spent(NamedTuple):
    """CPU seconds of one import."""

    importer: float
    postgres: float

    @property
    def both(self) -> float:
        """As long as it would take on a quiet machine."""
        return self.importer + self.postgres


@pytest.fixture
def server() -> Generator[EmbeddedServer]:
    """A durable server that nothing else uses."""
    with (
        TemporaryDirectory(prefix="customer-gateway-") as folder,
        EmbeddedServer(Path(folder) / "data") as started,
    ):
        yield started


def write_subscriptions(path: Path, month: int) -> None:
    """Write a file of subscriptions whose current period is a month of 2026, billed in advance."""
    start, end = date(2026, month, 1), date(2026, month + 1, 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(ROWS):
            # Neighbors in the file belong to customers all over the table.
            customer = f"C-{number * 7919 % CUSTOMERS}"
            own = (f"S-{number}", customer, f"Fibernet {number % 50}", "ACTIVE", "DKK", "300.00", 1, "2026-01-01")
            writer.writerow((*own, start, end, "300.00", "300.00", start, end))


async def prepare(dsn: str) -> UUID:
    """Write a company with customers, and return its id."""
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        company = await new_company(engine)
        group = await Records(engine, company).group()
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO customers (company_id, id, customer_number, external_system_id, name, vat_zone,"
                    " customer_group_id, country_code, default_currency)"
                    " SELECT :company, gen_random_uuid(), 'N-' || n, 'C-' || n, 'Customer ' || n, 'DOMESTIC', :group, 'DK',"
                    " 'DKK' FROM generate_series(0, :customers - 1) n"
                ),
                {"company": company, "group": group, "customers": CUSTOMERS},
            )
        return company
    finally:
        await engine.dispose()


async def test_a_large_file_of_subscriptions_is_mirrored_again_and_rolled_in_time(
    server: EmbeddedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(upgrade, server.dsn())
    await make_login_role(server.dsn(), "gateway", None)
    company = await prepare(server.dsn())
    path, output, pid = tmp_path / "subscriptions.csv", tmp_path / "output", server.pid
    assert pid is not None

    def import_() -> tuple[str, Spent]:
        before, children = run_seconds(pid), os.times()
        command = ("import", "subscriptions", path, "--company", str(company))
        with running_anew(*command, output=output, DATABASE_URL=with_role(server.dsn(), "gateway")) as process:
            assert process.wait(_MOST_WAITED) == 0, output.read_text()
        now = os.times()
        own = now.children_user + now.children_system - children.children_user - children.children_system
        return output.read_text().splitlines()[-1], Spent(own, run_seconds(pid) - before)

    write_subscriptions(path, 6)
    created, first = import_()
    unchanged, second = import_()
    write_subscriptions(path, 7)
    updated, roll = import_()

    with capsys.disabled():
        for name, spent in {"new": first, "unchanged": second, "next period": roll}.items():
            print(f"\n{ROWS} {name}: {spent.importer:.1f} s importer, {spent.postgres:.1f} s PostgreSQL", end="")  # noqa: T201
    assert created == f"Rows: {ROWS} created, 0 updated, 0 unchanged, 0 rejected."
    assert unchanged == f"Rows: 0 created, 0 updated, {ROWS} unchanged, 0 rejected."
    assert updated == f"Rows: 0 created, {ROWS} updated, 0 unchanged, 0 rejected."
    assert max(first.both, second.both, roll.both) < MOST_SECONDS
    assert second.both < first.both
