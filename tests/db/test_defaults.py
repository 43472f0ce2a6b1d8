"""A column has the default of its field, whether the service or the database sets it."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Table, cast, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.elements import TextClause

from app.db import tables
from app.domain import customer_fields, group_fields, subscription_fields
from app.domain.inputs import Field
from app.domain.metadata_fields import METADATA_FIELDS


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        (tables.customers, customer_fields.FIELDS),
        (tables.customer_groups, {**group_fields.FIELDS, "metadata": METADATA_FIELDS["metadata"]}),
        (tables.subscriptions, subscription_fields.FIELDS),
    ],
    ids=["customers", "customer_groups", "subscriptions"],
)
async def test_a_field_has_the_default_of_its_column(
    owner_engine: AsyncEngine, table: Table, fields: Mapping[str, Field]
) -> None:
    by_column: dict[str, object] = {}
    async with owner_engine.connect() as connection:
        for column in table.columns:
            if column.server_default is not None and column.name in fields:
                default = getattr(column.server_default, "arg", None)
                assert isinstance(default, str | TextClause)
                by_column[column.name] = await connection.scalar(select(cast(default, column.type)))

    assert by_column
    assert by_column == {
        name: field.default for name, field in fields.items() if field.default is not None or name in by_column
    }
