"""The payloads of mutations are the same by plans as field by field.

A mutation can't run twice, so one application repeats under its idempotency key what the other has run.
"""

from typing import Any
from uuid import UUID

import pytest

from app.domain.identity import Scope
from tests.differential.applications import Pair, Request
from tests.differential.contract import contract
from tests.differential.everything import leaves, whole
from tests.support.every_mutation import MUTATIONS, TABLE, TOLD, Ids, ids_of
from tests.support.records import Records

_SCHEMA = contract()
_DRY_RUNS = ["upsertContacts", "upsertDepartments", "upsertCustomerGroups", "upsertSubscriptions"]
_WITH_VERSIONS = [name for name in TOLD if name.startswith(("update", "delete"))]


def _payload(name: str) -> str:
    """Everything of a payload or a result."""
    selected = [leaves(name)]
    for edge in _SCHEMA.objects[name].edges:
        if edge.type.name == "UserError":
            selected.append(f"{edge.name} {{ {leaves('UserError')} }}")
        elif edge.name == "results":
            selected.append(f"{edge.name} {{ {_payload(edge.type.name)} }}")
        else:
            selected.append(
                f"{edge.name} {{ {whole(edge.type.name)} }} {edge.name}_again: {edge.name} {{ {whole(edge.type.name)} }}"
            )
    return " ".join(selected)


def _request(name: str, given: dict[str, Any]) -> Request:
    of = MUTATIONS[name]
    payload = str(of.type).removesuffix("!")
    return Request(
        f"mutation($input: {of.args['input'].type}) {{ {name}(input: $input) {{ {_payload(payload)} }} }}",
        {"input": given},
    )


@pytest.fixture
def token(pair: Pair, company: UUID) -> str:
    return pair.token(company, *Scope)


async def _ids(records: Records) -> Ids:
    ids = await ids_of(records)
    await records.customer(parent_customer_id=UUID(ids.other_customer))
    return ids


# Webhook endpoints aren't planned (docs/adr/0011-plans.md).
@pytest.mark.parametrize("name", TOLD)
async def test_everything_of_a_payload_is_the_same_by_its_plan(
    pair: Pair, token: str, records: Records, name: str
) -> None:
    request = _request(name, TABLE[name].input(await _ids(records)) | {"idempotencyKey": "key"})

    written = await pair.only(pair.planning, token, request)

    assert written.planned
    assert written.codes == set()
    assert b'"errors":[]' in written.body
    repeated = await pair.same(token, request)
    assert repeated.planned
    assert repeated.body == written.body.replace(b'"replayed":false', b'"replayed":true')
    assert repeated.body != written.body


@pytest.mark.parametrize("name", _WITH_VERSIONS)
async def test_the_stored_object_of_a_version_conflict_is_the_same(
    pair: Pair, token: str, records: Records, name: str
) -> None:
    given = TABLE[name].input(await _ids(records)) | {"expectedVersion": 1_000}

    answer = await pair.same(token, _request(name, given))

    assert answer.planned
    assert b'"code":"VERSION_CONFLICT"' in answer.body


@pytest.mark.parametrize("name", _DRY_RUNS)
async def test_a_dry_run_shows_the_same(pair: Pair, token: str, records: Records, name: str) -> None:
    given = TABLE[name].input(await _ids(records))
    # A new row gets another id in each run.
    rows = [row for row in given["rows"] if "id" in row]

    answer = await pair.same(token, _request(name, given | {"rows": rows, "dryRun": True}))

    assert answer.planned
    assert b'"outcome":"UPDATED"' in answer.body
