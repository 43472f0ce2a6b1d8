"""Fixtures for the service as people start it."""

from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.db.tables import ledger_accounts
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.e2e.production import Caller


@pytest_asyncio.fixture(loop_scope="session")
async def caller(service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path) -> Caller:
    async with owner_engine.begin() as connection:
        key, plaintext = await api_keys.create(connection, company, "ERP", tuple(Scope), None)
        account_id = uuid4()
        account = {"company_id": company, "id": account_id, "number": "1010", "name": "Sales"}
        await connection.execute(insert(ledger_accounts).values(account))
    return Caller(service_dsn, DevelopmentKeys(tmp_path / "keys"), company, plaintext, key.id, account_id)


@pytest.fixture
def folder() -> Generator[Path]:
    with TemporaryDirectory(prefix="customer-gateway-") as parent:
        yield Path(parent) / "dev"
