"""JSON is stored as the standard library writes it."""

import json
from typing import Any

import pytest
from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.dialects.postgresql import JSONB

from app.db.database import Database
from app.domain.errors import ErrorCode

VALUES: dict[str, Any] = {
    "texts": {"empty": "", "æøå 🦊": 'quote " and \\', "control": "\x01\x7f\u2028"},
    "numbers": [0, -1, 2**63, -(2**64), 10**300, 0.1, -0.0, 1e-300, 1e300, 1.0],
    "large and small": {"a": [2**70], "b": "text", "c": None, "d": True},
    "an enumeration": [ErrorCode.FIELD_INVALID],
    "a tuple": ("a", ("b",)),
    "keys that are numbers": {1: "a"},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
async def test_a_value_is_stored_as_the_standard_library_writes_it(database: Database, value: Any) -> None:
    query = select(cast(bindparam("given", type_=JSONB), Text), cast(cast(bindparam("text", type_=Text), JSONB), Text))
    async with database.engine.connect() as connection:
        stored, expected = (await connection.execute(query, {"given": value, "text": json.dumps(value)})).one()
    assert stored == expected
