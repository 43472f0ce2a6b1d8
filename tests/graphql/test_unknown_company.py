"""A credential whose company was never made: reads find nothing, and writes say why they can't be done."""

from uuid import uuid4

import pytest

from app.db.database import Database
from app.db.unit_of_work import CompanyUnknown
from tests.support.asking import Caller

WRITES = [
    'upsertLedgerAccounts(input: {rows: [{number: "1", name: "Sales"}]}) { errors { code } }',
    """createCustomer(input: {name: "A", vatZone: EU, customerGroupId: "0198c0de-0000-7000-8000-000000000000",
        countryCode: "DK", defaultCurrency: "DKK", idempotencyKey: "a"}) { errors { code } }""",
]


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_for_a_company_that_does_not_exist_is_told_so(database: Database, write: str) -> None:
    caller = Caller(database, uuid4())

    result = await caller.run(f"mutation {{ {write} }}")

    assert result.errors is not None
    (error,) = result.errors
    assert isinstance(error.original_error, CompanyUnknown)
    read = await caller.run("{ viewer { company { id } } customers { nodes { id } } ledgerAccounts { id } }")
    assert read.data == {"viewer": {"company": None}, "customers": {"nodes": []}, "ledgerAccounts": []}
