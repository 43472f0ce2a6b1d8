"""The companies as they are in the database, and of each the values that an operation may name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph, tables
from tests.differential.companies import COMPANIES
from tests.differential.writer import Writer

_NODES_OF_EACH = 25

MetadataPair = tuple[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Company:
    """A company, and what it has."""

    name: str
    id: UUID
    values: Mapping[str, Sequence[Any]]
    """By the place where they may be given: `CustomerLookup.id`."""
    pairs: Sequence[MetadataPair]
    cursors: Mapping[str, Sequence[str]]
    """By the field of the list, in its usual order: `Query.customers`."""


async def write_companies(engine: AsyncEngine) -> dict[str, UUID]:
    """Write all of them, and one that has no rows; their ids by name."""
    found = dict[str, UUID]()
    for name, write in COMPANIES.items():
        writer = await Writer.of_company(engine, name)
        await write(writer)
        found[name] = writer.records.company_id
    found["empty"] = (await Writer.of_company(engine, "empty")).records.company_id
    return found


async def values_of(engine: AsyncEngine, company_id: UUID) -> dict[str, list[Any]]:
    """What may be looked up, by the place where it may be given."""
    customers = await _columns(
        engine,
        company_id,
        tables.customers,
        "id customer_number external_system_id parent_customer_id name country_code city postal_code email vat_number"
        " default_currency",
    )
    contacts = await _columns(engine, company_id, tables.contacts, "email")
    groups = await _columns(engine, company_id, tables.customer_groups, "id number name")
    accounts = await _columns(engine, company_id, tables.ledger_accounts, "id number name")
    ids = [str(id_) for id_ in customers["id"]]
    group_ids = [str(id_) for id_ in groups["id"]]
    nodes = {
        entity.name: (await _columns(engine, company_id, entity.table, "id"))["id"][:_NODES_OF_EACH]
        for entity in graph.NODES
    }
    by_key = {
        "Customer": {
            "customerNumber": customers["customer_number"],
            "externalSystemId": customers["external_system_id"],
        },
        "CustomerGroup": {"number": groups["number"]},
        "LedgerAccount": {"number": accounts["number"]},
    }
    representations = [{"__typename": name, "id": str(id_)} for name, found in nodes.items() for id_ in found]
    representations += [
        {"__typename": name, key: value}
        for name, keys in by_key.items()
        for key, found in keys.items()
        for value in found[:_NODES_OF_EACH]
    ]
    node_ids = [str(id_) for found in nodes.values() for id_ in found]
    return {
        "Query.id": node_ids,
        "Query.ids": node_ids,
        "Query.representations": representations,
        "CustomerLookup.id": ids,
        "CustomerLookup.customerNumber": customers["customer_number"],
        "CustomerLookup.externalSystemId": customers["external_system_id"],
        "CustomerGroupLookup.id": group_ids,
        "CustomerGroupLookup.number": groups["number"],
        "CustomerGroupFilter.ids": group_ids,
        "CustomerGroupFilter.number": groups["number"],
        "CustomerGroupFilter.namePrefix": _distinct(_prefixes(groups["name"])),
        "LedgerAccountFilter.ids": [str(id_) for id_ in accounts["id"]],
        "LedgerAccountFilter.number": accounts["number"],
        "LedgerAccountFilter.namePrefix": _distinct(_prefixes(accounts["name"])),
        "CustomerFilter.ids": ids,
        "CustomerFilter.customerNumber": customers["customer_number"],
        "CustomerFilter.externalSystemId": customers["external_system_id"],
        "CustomerFilter.customerNumbers": customers["customer_number"],
        "CustomerFilter.externalSystemIds": customers["external_system_id"],
        "CustomerFilter.city": _distinct(customers["city"]),
        "CustomerFilter.postalCode": _distinct(customers["postal_code"]),
        "CustomerFilter.email": _distinct(email.upper() for email in customers["email"]),
        "CustomerFilter.vatNumber": _distinct(customers["vat_number"]),
        "CustomerFilter.defaultCurrency": _distinct([*customers["default_currency"], "eur"]),
        "CustomerFilter.contactEmail": _distinct(email.upper() for email in contacts["email"]),
        "CustomerFilter.customerGroupId": group_ids,
        "CustomerFilter.parentCustomerId": [str(id_) for id_ in _distinct(customers["parent_customer_id"])],
        "CustomerFilter.countryCode": _distinct([*customers["country_code"], "dk"]),
        "CustomerFilter.namePrefix": _distinct(_prefixes(customers["name"])),
        "CustomerFilter.search": _distinct(_words(customers["name"], customers["customer_number"])),
    }


async def pairs_of(engine: AsyncEngine, company_id: UUID) -> list[MetadataPair]:
    """The metadata pairs of customers and groups."""
    found = list[MetadataPair]()
    for table in (tables.customers, tables.customer_groups):
        # Very long ones hold numbers that Python can't read, and nothing that an operation could name.
        short = func.length(cast(table.c.metadata, Text())) < 4_000
        for entries in (await _columns(engine, company_id, table, "metadata", short))["metadata"]:
            found += list(entries.items())[:3]
    return _distinct(found)


async def _columns(
    engine: AsyncEngine, company_id: UUID, table: Table, names: str, *conditions: ColumnElement[bool]
) -> dict[str, list[Any]]:
    columns = [table.c[name] for name in names.split()]
    query = select(*columns).where(table.c.company_id == company_id, *conditions).order_by(table.c.id)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return {column.name: [row[place] for row in rows if row[place] is not None] for place, column in enumerate(columns)}


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _prefixes(names: Iterable[str]) -> list[str]:
    return [name[:length] for name in names for length in (1, 3) if name[:length].strip()]


def _words(*texts: Iterable[str]) -> list[str]:
    words = [word for text in texts for value in text for word in value.split()]
    return [word[:4] for word in words if any(letter.isalnum() for letter in word[:4])]
