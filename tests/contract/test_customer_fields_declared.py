"""What a new field of a customer needs in other files, checked without a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.import_customers import CUSTOMER_COLUMNS
from app.db.rows import CustomerRow
from app.domain.customer_fields import FIELDS
from app.domain.fields import schema_name

STORED = Path(__file__).parents[1] / "graphql/mutations/stored/version-2.json"
PROSE = {"address", "city", "notes"}
"""Texts that are never digits alone."""


def customers_in(stored: Any) -> list[dict[str, Any]]:
    """Every customer in stored outcomes."""
    if isinstance(stored, list):
        return [found for item in stored for found in customers_in(item)]  # pyright: ignore[reportUnknownVariableType] - JSON
    if not isinstance(stored, dict):
        return []
    below = [found for item in stored.values() for found in customers_in(item)]  # pyright: ignore[reportUnknownVariableType] - JSON
    return [stored] if "customer_number" in stored and "version" in stored else below  # pyright: ignore[reportUnknownVariableType] - JSON


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.read("12345678", ()) == "12345678"])
def test_text_that_may_be_digits_is_read_from_cells_that_are_numbers(name: str) -> None:
    assert name in PROSE or schema_name(name) in CUSTOMER_COLUMNS.numbers, (
        f"Add {schema_name(name)} to `numbers` in app/cli/import_customers.py, or {name} to PROSE here."
    )


def test_an_attribute_that_stored_customers_lack_has_a_default() -> None:
    stored = customers_in(json.loads(STORED.read_text()))
    assert stored
    required = {name for name in CustomerRow._fields if name not in CustomerRow._field_defaults}
    lacking = sorted({name for customer in stored for name in required - customer.keys()})
    assert lacking == [], f"Give these attributes of CustomerRow in app/db/rows.py a default: {', '.join(lacking)}"
