"""Values in another spelling: enumerations as texts, and decimals as numbers."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from app.db import graph
from app.db.arguments import ListArguments
from app.db.database import Database
from app.db.declarations import Entity
from app.db.plans.statement import Statement, statement
from app.db.plans.tree import JsonMembers, Listing, Plain
from tests.db.trees import answered, body_of, listing, plain
from tests.support.records import Records

AMOUNTS = ("12.50", "0", "0.000", "1250.0000", f"{'9' * 30}.999", "NaN", "Infinity")


async def test_a_text_stands_for_each_value_of_an_enumeration_and_for_no_other(
    database: Database, records: Records
) -> None:
    await records.customer(
        customer_number="1", customer_type="PRIVATE", consolidation_mode="SINGLE_INVOICE", billing_day=1
    )
    await records.customer(customer_number="2")
    (_, kind), (_, mode) = plain(graph.customer, "customer_type", "consolidation_mode")
    assert isinstance(kind, Plain)
    assert isinstance(mode, Plain)
    arguments = ListArguments(5)

    def asked(*modes: str) -> Statement:
        texts = tuple(f"{name.lower()}'s" for name in modes)
        shown: JsonMembers = (
            ("type", replace(kind, names=("BUSINESS", "PRIVATE"), texts=("a", "b"))),
            ("mode", replace(mode, names=modes, texts=texts)),
        )
        return statement((("all", listing(shown)),), (arguments,), ())

    known = asked("SINGLE_INVOICE", "PER_CHILD_INVOICE")
    assert await answered(database, records.company_id, known, arguments) == {
        "all": [{"type": "b", "mode": "single_invoice's"}, {"type": "a", "mode": None}]
    }
    with pytest.raises(asyncpg.DataError):
        await answered(database, records.company_id, asked("PER_CHILD_INVOICE"), arguments)


@pytest.mark.parametrize("json_scalar", [False, True], ids=["to_json", "json_scalar"])
async def test_decimals_are_numbers_with_their_decimals_unless_json_has_none(
    database: Database, records: Records, *, json_scalar: bool
) -> None:
    customer = await records.customer()
    for amount in AMOUNTS:
        await records.subscription(customer, net_amount=Decimal(amount))
    amounts = Listing(
        graph.subscription,
        graph.subscriptions.order,
        _numbers(graph.subscription, "net_amount"),
        1,
        graph.subscriptions.key,
    )
    shown = (*_numbers(graph.customer, "credit_limit"), ("amounts", amounts))
    arguments = ListArguments(1), ListArguments(len(AMOUNTS))
    await database.plan_connections.row("SELECT 1", [], records.company_id, plan_for_values=False)
    if json_scalar and not database.plan_connections.json_scalar:
        pytest.skip("this server is older than PostgreSQL 17")

    asked = statement((("all", listing(shown)),), arguments, (), json_scalar=json_scalar)
    body = (await body_of(database, records.company_id, asked, *arguments)).decode()

    assert body.startswith('{"data":{"all":[{"credit_limit":null,"amounts":[{')
    written = re.findall(r'"net_amount":([^}]*)', body)
    assert sorted(written) == sorted(amount if amount[-1].isdigit() else f'"{amount}"' for amount in AMOUNTS)


def _numbers(entity: Entity[Any], *names: str) -> JsonMembers:
    """Decimals of an entity as numbers."""
    fields = [(name, field) for name, field in plain(entity, *names) if isinstance(field, Plain)]
    return tuple((name, replace(field, is_number=True)) for name, field in fields)
