"""The types of an object's history: changes, and the fields that each of them changed."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.db.rows import ChangeRow, FieldChangeRow
from app.db.stored_json import JsonText
from app.graphql.types.enums import ChangeOperation


@strawberry.type(description="A change of one field. Values have the form that the field itself has.")
class FieldChange:
    """A changed field, resolved from FieldChangeRow."""

    field: str = strawberry.field(description="The field's name in the schema, such as `creditLimit`.")
    before: JSON | None = strawberry.field(
        description="The value before; null if it was unset or the object didn't exist."
    )
    after: JSON | None = strawberry.field(
        description="The value after; null if it was cleared or the object was deleted."
    )


def field_changes(changes: Sequence[Sequence[str]]) -> list[FieldChangeRow]:
    """Return the changes of an entry of the history, in the order of the entry."""
    return [FieldChangeRow(name, JsonText(before), JsonText(after)) for name, before, after in changes]


@strawberry.type(description="A change of an object: its actor, time and fields.")
class Change:
    """A change, resolved from its row."""

    version: int = strawberry.field(description="The object's version after the change; 1 for its creation.")
    operation: ChangeOperation = strawberry.field(description="Whether the object was created, updated or deleted.")
    actor: str = strawberry.field(description="The subject of the credential that made the change.")
    occurred_at: datetime = strawberry.field(description="When it was written.")

    @strawberry.field(description="The fields that changed, by name.", graphql_type=list[FieldChange])
    @staticmethod
    def changes(change: strawberry.Parent[ChangeRow]) -> list[FieldChangeRow]:
        """Return the changes in the order of the row."""
        return field_changes(change.changes)


CHANGES = "Its changes, the newest first: actor, time and fields."
"""The description of an object's history."""
