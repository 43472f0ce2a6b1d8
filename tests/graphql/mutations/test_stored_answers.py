"""What one release stored under an idempotency key is answered by the next, and never done twice.

A member with a default may be added as it is. If what is stored has to change otherwise: raise OUTCOME_VERSION in
app/services/stored_outcomes.py, and add the file of the new version to `stored/` with what `written_by` returns. The
older files stay as long as a release may meet their keys.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from graphql import get_nullable_type  # pyright: ignore[reportUnknownVariableType] - open wrappers
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.services import fingerprints, stored_outcomes
from app.web.answers import to_json
from tests.graphql.mutations.stored_answers import document, shape_of, store, stored_by, written_by
from tests.support.asking import Caller
from tests.support.every_mutation import MUTATIONS
from tests.support.records import Records
from tests.support.untouched import everything_of

NAMED = stored_by(stored_outcomes.OUTCOME_VERSION)
STORED = [
    pytest.param(stored, id=f"version {stored_outcomes.OUTCOME_VERSION}: {stored['field']} {place}")
    for place, stored in enumerate(NAMED)
]


async def replayed(caller: Caller, stored: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The payload of a request that was stored under a key."""
    variables = stored["input"] | {"idempotencyKey": "key", **given}
    return (await caller.data(document(stored["field"]), input=variables))[stored["field"]]


@pytest.mark.parametrize("stored", STORED)
async def test_the_answer_of_a_release_is_replayed_and_nothing_is_written(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, stored: dict[str, Any]
) -> None:
    await store(owner_engine, company, "key", stored["row"])
    before = await everything_of(owner_engine, company)

    assert await replayed(caller, stored) == stored["answer"] | {"replayed": True}
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("stored", STORED)
async def test_another_input_is_rejected_under_the_key_of_any_release(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, stored: dict[str, Any]
) -> None:
    await store(owner_engine, company, "key", stored["row"])
    before = await everything_of(owner_engine, company)
    fields: dict[str, Any] = cast("Any", get_nullable_type(MUTATIONS[stored["field"]].args["input"].type)).fields
    other = {"rows": stored["input"]["rows"][:-1]} if "rows" in stored["input"] else {"expectedVersion": 99}
    if "url" in stored["input"]:
        other = {"url": f"https://{uuid4()}.example/"}
    elif not fields.keys() & {"rows", "expectedVersion"}:
        # An id as well as a text.
        other = {next(name for name, value in stored["input"].items() if isinstance(value, str)): str(uuid4())}

    errors = (await replayed(caller, stored, **other))["errors"]

    assert [error["code"] for error in errors] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await everything_of(owner_engine, company) == before


async def test_what_is_stored_has_the_shape_of_its_version_and_at_most_more_members(
    caller: Caller, owner_engine: AsyncEngine, records: Records, tmp_path: Path
) -> None:
    written, named = numbered(await written_by(caller, owner_engine, records)), numbered(NAMED)

    lacking = [stored for key, stored in written.items() if key not in named]
    completed = tmp_path / f"version-{stored_outcomes.OUTCOME_VERSION}.json"
    completed.write_text(json.dumps([*NAMED, *lacking], indent=1, ensure_ascii=False) + "\n")
    fields = ", ".join(stored["field"] for stored in lacking)
    assert lacking == [], f"What {fields} stores isn't held yet: copy {completed} to tests/graphql/mutations/stored."
    assert named.keys() == written.keys()
    for now, then in ((written[key], stored) for key, stored in named.items()):
        assert holds(shape_of(now["row"]), shape_of(then["row"])), now["field"]
        assert now["row"]["fingerprint"][:2] == f"{fingerprints.FINGERPRINT_VERSION:02x}"


def numbered(stored: Sequence[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """What is stored, by its mutation and its number among those of the mutation."""
    times = Counter[str]()
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in stored:
        times[entry["field"]] += 1
        found[entry["field"], times[entry["field"]]] = entry
    return found


def holds(now: Any, then: Any) -> bool:
    """Whether a shape has all that another one has. A member that is new has a default, or the tests above couldn't
    replay what lacks it."""
    if isinstance(now, dict) and isinstance(then, dict):
        news, olds = cast("dict[str, Any]", now), cast("dict[str, Any]", then)
        return all(name in news and holds(news[name], then_member) for name, then_member in olds.items())
    if isinstance(now, list) and isinstance(then, list):
        shapes = cast("list[Any]", now)
        return all(any(holds(shape, then_item) for shape in shapes) for then_item in cast("list[Any]", then))
    return now == then


def test_a_shape_that_lacks_or_changes_a_member_is_found() -> None:
    then = {"a": "int", "rows": [{"b": "str"}]}

    assert holds({"a": "int", "rows": [{"b": "str", "new": "NoneType"}], "new": "int"}, then)
    assert not holds({"rows": [{"b": "str"}]}, then)
    assert not holds({"a": "str", "rows": [{"b": "str"}]}, then)
    assert not holds({"a": "int", "rows": [{"c": "str"}]}, then)


def later(row: dict[str, Any]) -> dict[str, Any]:
    """The row with members that this release doesn't know, at every level."""

    def extended(value: Any) -> Any:
        if isinstance(value, dict):
            known = cast("dict[str, Any]", value)
            return {name: extended(member) for name, member in known.items()} | {"unknown": [1]}
        return [extended(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value

    return row | {"payload": extended(row["payload"])}


@pytest.mark.parametrize(
    "stored", [pytest.param(stored, id=f"{place}: {stored['field']}") for place, stored in enumerate(NAMED)]
)
async def test_unknown_members_are_ignored(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, stored: dict[str, Any]
) -> None:
    await store(owner_engine, company, "key", later(stored["row"]))
    assert await replayed(caller, stored) == stored["answer"] | {"replayed": True}


async def test_a_missing_member_has_the_default_of_its_field(
    caller: Caller, owner_engine: AsyncEngine, company: UUID
) -> None:
    stored = next(stored for stored in NAMED if stored["field"] == "createContact")
    payload = json.loads(json.dumps(stored["row"]["payload"]))
    del payload["outcome"]["wrote"]
    await store(owner_engine, company, "key", stored["row"] | {"payload": payload})
    assert await replayed(caller, stored) == stored["answer"] | {"replayed": True}


def unreadable(stored: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows that this release can't read."""
    row = stored["row"]
    payload = row["payload"]
    return {
        "an earlier version": row | {"payload": payload | {"version": 1}},
        "a later version": row | {"payload": payload | {"version": 99}},
        "a later fingerprint": row | {"fingerprint": "63" + row["fingerprint"][2:]},
        "no row": row | {"payload": payload | {"outcome": {}}},
        "another kind": row | {"payload": payload | {"outcome": [1, 2]}},
        "nothing": row | {"payload": {}},
        "a list": row | {"payload": [1, 2, 3]},
        "a text": row | {"payload": "x"},
    }


@pytest.mark.parametrize("kind", unreadable(NAMED[0]))
async def test_an_answer_that_this_release_can_not_read_neither_fails_nor_writes_twice(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID, kind: str
) -> None:
    group = await records.group()
    stored = next(stored for stored in NAMED if stored["field"] == "createCustomer")
    given = stored["input"] | {"customerGroupId": str(group)}
    result = await caller.data(document("createCustomer"), input=given | {"idempotencyKey": "read"})
    assert result["createCustomer"]["errors"] == []
    fitting = {"field": "createCustomer", "input": stored["input"]}
    await store(owner_engine, company, "key", unreadable(stored)[kind])
    before = await everything_of(owner_engine, company)

    payload = await replayed(caller, fitting)

    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    ]
    assert (payload["customer"], payload["replayed"]) == (None, False)
    assert "another release" in payload["errors"][0]["message"]
    assert await everything_of(owner_engine, company) == before


async def test_metadata_is_replayed_digit_by_digit(caller: Caller, owner_engine: AsyncEngine, records: Records) -> None:
    customer = await records.customer()
    digits = '{"rate": 1.10, "long": 12345678901234567890.123}'
    async with owner_engine.begin() as connection:
        query = text("UPDATE customers SET metadata = CAST(:digits AS jsonb) WHERE id = :id")
        await connection.execute(query, {"digits": digits, "id": customer})
    given = {"id": str(customer), "name": "New", "idempotencyKey": "key"}

    answers = [to_json(await caller.data(document("updateCustomer"), input=given)) for _ in range(2)]

    assert all(b'"rate": 1.10' in answer and b"12345678901234567890.123" in answer for answer in answers)
    assert b'"replayed":true' in answers[1]


async def test_one_key_serves_one_mutation(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    contact = {"input": {"customerId": str(customer), "name": "Ann"}, "field": "createContact"}
    department = contact | {"field": "createDepartment"}
    assert (await replayed(caller, contact))["errors"] == []
    assert [problem["code"] for problem in (await replayed(caller, department))["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
