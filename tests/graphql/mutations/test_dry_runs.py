"""Dry runs of lists of every kind: what their results show, and that nothing is written."""

from typing import Any, cast

import pytest
from graphql import (
    GraphQLObjectType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_leaf_type,
    is_object_type,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.import_kinds import KINDS
from app.graphql.schema import executable, schema
from tests.support.asking import Caller
from tests.support.import_rows import SAMPLES, surroundings
from tests.support.records import Records
from tests.support.untouched import everything_of

MUTATIONS = cast("GraphQLObjectType", executable(schema).mutation_type).fields


def named(type_: Any) -> Any:
    """The type within lists and non-null."""
    return cast("Any", get_named_type(type_))


def mutation_of(kind: str) -> tuple[str, str]:
    """The name of the mutation that writes rows of a kind, and a document that shows the objects of its results."""
    row = KINDS[kind].default.columns.input_type
    ((name, input_type),) = (
        (name, given)
        for name, field in MUTATIONS.items()
        if "rows" in (given := named(field.args["input"].type)).fields and named(given.fields["rows"].type).name == row
    )
    results = named(named(MUTATIONS[name].type).fields["results"].type).fields
    ((shown, type_),) = (
        (result, named(field.type)) for result, field in results.items() if is_object_type(named(field.type))
    )
    leaves = " ".join(
        leaf for leaf, field in type_.fields.items() if is_leaf_type(named(field.type)) and not field.args
    )
    return (
        name,
        f"""mutation($input: {input_type.name}!) {{ {name}(input: $input) {{
      written errors {{ code message }} results {{ outcome shown: {shown} {{ {leaves} }} }}
    }} }}""",
    )


@pytest.mark.parametrize("kind", SAMPLES)
async def test_a_dry_run_shows_what_is_stored_and_nothing_of_a_new_object(
    caller: Caller, records: Records, owner_engine: AsyncEngine, kind: str
) -> None:
    (mutation, document), sample, around = mutation_of(kind), SAMPLES[kind], await surroundings(records)

    async def upsert(*rows: dict[str, Any], **control: Any) -> dict[str, Any]:
        return (await caller.data(document, input={"rows": list(rows), **control}))[mutation]

    row = sample.new(around, 1)
    (made,) = (await upsert(row))["results"]
    before = await everything_of(owner_engine, caller.company_id)

    tried = await upsert(row | sample.changed, sample.new(around, 2), dryRun=True)

    assert tried == {
        "written": False,
        "errors": [],
        "results": [{"outcome": "UPDATED", "shown": made["shown"]}, {"outcome": "CREATED", "shown": None}],
    }
    assert await everything_of(owner_engine, caller.company_id) == before
