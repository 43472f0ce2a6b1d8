"""The types of a customer's history: its changes, and what each did to which field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import strawberry
from strawberry.scalars import JSON

from app.db.rows import CustomerChangeRow
from app.graphql.types.enums import ChangeOperation
from app.graphql.types.paging import CURSOR, PAGE_INFO, TOTAL_COUNT, PageInfo, edges, nodes, page_info, total_count


class FieldChangeRow(NamedTuple):
    """What a change did to one field."""

    field: str
    before: Any
    after: Any


@strawberry.type(description="A change of one field. Values are shown as by the field itself.")
class FieldChange:
    """How a field's part of a change is shown."""

    field: str = strawberry.field(description="The field's name in the schema, such as `creditLimit`.")
    before: JSON | None = strawberry.field(
        description="The value before; null if it was unset or the customer didn't exist."
    )
    after: JSON | None = strawberry.field(description="The value after; null if it was cleared.")


@strawberry.type(description="A change of a customer: its actor, time and fields.")
class CustomerChange:
    """How an entry of the history is shown."""

    version: int = strawberry.field(description="The customer's version after the change; 1 for its creation.")
    operation: ChangeOperation = strawberry.field(description="Whether the customer was created or updated.")
    actor: str = strawberry.field(description="The subject of the credential that made the change.")
    occurred_at: datetime = strawberry.field(description="When it was written.")

    @strawberry.field(description="The fields that changed, by name.", graphql_type=list[FieldChange])
    @staticmethod
    def changes(change: strawberry.Parent[CustomerChangeRow]) -> list[FieldChangeRow]:
        """Return the changes sorted by field: jsonb doesn't keep the order."""
        changed: Mapping[str, Mapping[str, Any]] = change.changes
        return [FieldChangeRow(name, each["before"], each["after"]) for name, each in sorted(changed.items())]


@strawberry.type(description="A change in a customer's history, with its cursor.")
class CustomerChangeEdge:
    """A row and its cursor."""

    cursor: str = strawberry.field(description=CURSOR)
    node: CustomerChange = strawberry.field(description="The change.")


@strawberry.type(description="A page of a customer's history.")
class CustomerChangeConnection:
    """A page as Relay's clients expect it."""

    nodes: list[CustomerChange] = strawberry.field(resolver=nodes, description="The changes of the page.")
    edges: list[CustomerChangeEdge] = strawberry.field(
        resolver=edges, description="The changes of the page, each with its cursor."
    )
    page_info: PageInfo = strawberry.field(resolver=page_info, description=PAGE_INFO)
    total_count: int = strawberry.field(resolver=total_count, description=TOTAL_COUNT)
