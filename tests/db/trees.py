"""Parts of plans' trees, and what their statements answer."""

import json
from typing import Any
from uuid import UUID

from app.db import graph
from app.db.arguments import Arguments
from app.db.database import Database
from app.db.declarations import Entity
from app.db.plans.slots import values_of
from app.db.plans.statement import Statement
from app.db.plans.tree import JsonMembers, Listing, Plain


def plain(entity: Entity[Any], *names: str) -> JsonMembers:
    """Plain fields of an entity, by their names."""
    fields = {field.name: field for field in entity.fields}
    return tuple((name, Plain(fields[name], None)) for name in names)


def listing(shown: JsonMembers, slot: int = 0) -> Listing:
    """The company's customers, by number."""
    return Listing(graph.customer, graph.CUSTOMERS_BY_NUMBER, shown, slot)


def _nothing(name: str) -> bytes:
    raise AssertionError(name)


async def body_of(database: Database, company_id: UUID, asked: Statement, *arguments: Arguments) -> bytes:
    """The response of a statement."""
    parameters = asked.parameters(company_id, values_of(arguments))
    row = await database.plan_connections.row(asked.sql, parameters, company_id, plan_for_values=asked.plan_for_values)
    body = asked.answer(row or (), _nothing)
    assert body is not None
    return body


async def answered(database: Database, company_id: UUID, asked: Statement, *arguments: Arguments) -> Any:
    """What a statement answers."""
    return json.loads(await body_of(database, company_id, asked, *arguments))["data"]
