"""Rows of every kind that can be imported, and files of them."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Table

from app.db import tables
from tests.support.new_customers import new_customer_input
from tests.support.records import Records

Row = dict[str, Any]


class Surroundings(NamedTuple):
    """What rows refer to."""

    group_id: UUID
    account: str
    """Its number."""
    customers: list[str]
    """The external ids of customers."""

    def customer(self, number: int) -> Row:
        """Return an object that names one of the customers."""
        return {"externalSystemId": self.customers[number % len(self.customers)]}


class Sample(NamedTuple):
    """Rows of one kind."""

    new: Callable[[Surroundings, int], Row]
    """Returns a new row, each number with another key."""
    changed: Row
    """Fields that change a stored row."""
    wrong: Row
    """Fields that are rejected."""
    problem: tuple[str, str]
    """The column and the code of that problem."""
    table: Table
    key: str
    """The column of the key in problems."""


async def surroundings(records: Records) -> Surroundings:
    """Write what rows refer to."""
    group_id = await records.group(account_id=await records.account(number="A-1"))
    customers = [f"customer {number}" for number in range(3)]
    for customer in customers:
        await records.customer(external_system_id=customer)
    return Surroundings(group_id, "A-1", customers)


def _customer(around: Surroundings, number: int) -> Row:
    return new_customer_input(around.group_id, f"C-{number}")


def _account(_: Surroundings, number: int) -> Row:
    return {"number": f"L-{number}", "name": "Sales"}


def _group(around: Surroundings, number: int) -> Row:
    return {"number": f"G-{number}", "name": "Retail", "accountNumber": around.account}


def _contact(around: Surroundings, number: int) -> Row:
    email = f"ebbe{number}@example.com"
    return {"customer": around.customer(number), "name": "Ebbe", "email": email, "phone": "12345678"}


def _department(around: Surroundings, number: int) -> Row:
    return {"customer": around.customer(number), "name": f"Department {number}", "city": "Aarhus"}


def _subscription(around: Surroundings, number: int) -> Row:
    return {
        "externalSystemId": f"S-{number}",
        "customer": around.customer(number),
        "name": "Fibernet",
        "status": "ACTIVE",
        "currency": "DKK",
        "netAmount": "300.00",
        "anchorDay": 1,
        "startedOn": "2026-01-01",
        "currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00"},
        "nextBillingDate": "2026-07-01",
    }


SAMPLES: Mapping[str, Sample] = {
    "customers": Sample(
        _customer,
        {"name": "Changed"},
        {"email": "nobody"},
        ("email", "FIELD_INVALID"),
        tables.customers,
        "externalSystemId",
    ),
    "accounts": Sample(
        _account,
        {"name": "Changed"},
        {"name": "x" * 256},
        ("name", "FIELD_TOO_LONG"),
        tables.ledger_accounts,
        "number",
    ),
    "groups": Sample(
        _group,
        {"discount": "12.50"},
        {"accountNumber": "none"},
        ("accountNumber", "LEDGER_ACCOUNT_NOT_FOUND"),
        tables.customer_groups,
        "number",
    ),
    "contacts": Sample(
        _contact,
        {"isDefaultForCustomer": True, "phone": "87654321"},
        {"customer": {"externalSystemId": "none"}},
        ("customer.externalSystemId", "CUSTOMER_NOT_FOUND"),
        tables.contacts,
        "email",
    ),
    "departments": Sample(
        _department,
        {"isActive": False, "eanNumber": "5790000000005"},
        {"eanNumber": "5790000000006"},
        ("eanNumber", "FIELD_INVALID"),
        tables.departments,
        "name",
    ),
    "subscriptions": Sample(
        _subscription,
        {
            "currentPeriod": {
                "startsOn": "2026-06-01",
                "endsOn": "2026-07-01",
                "netAmount": "300.00",
                "billedAmount": "300.00",
                "billedOn": "2026-06-01",
            },
        },
        {"currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-06-01", "netAmount": "300.00"}},
        ("currentPeriod.endsOn", "SUBSCRIPTION_INCONSISTENT"),
        tables.subscriptions,
        "externalSystemId",
    ),
}
"""By the names of the kinds."""


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write a file of rows, as CSV or as JSON lines by its name, and return its path."""
    listed = list(rows)
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in listed), encoding="utf-8")
        return path
    cells = [_cells(row) for row in listed]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in cells for name in row)))
        writer.writeheader()
        writer.writerows(cells)
    return path


def _cells(row: Mapping[str, Any]) -> dict[str, object]:
    cells: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, dict) and not name.startswith("metadata"):
            cells |= {f"{name}.{part}": inner for part, inner in cast("dict[str, object]", value).items()}
        else:
            cells[name] = json.dumps(value) if isinstance(value, dict | list | bool) else value
    return cells
