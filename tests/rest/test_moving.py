"""Callers that move from REST to GraphQL one call at a time: the endpoints' documents by name, and the same keys."""

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from app.rest.documents import ID_PREFIX, TEXTS
from app.rest.endpoints import ENDPOINTS
from tests.rest.writing import required
from tests.support.records import Records
from tests.support.rest import CUSTOMERS, RestCaller

PAGE = (Path(__file__).parents[2] / "docs" / "rest.md").read_text()
ROWS = re.findall(r"^ *\| `(\w+ /v1/\S+)` \| `x-rest:([\w-]+)` \| (.+) \|$", PAGE, re.MULTILINE)
CREATE = """
mutation($input: CreateCustomerInput!) {
  createCustomer(input: $input) { customer { id customerNumber } replayed errors { code } }
}
"""


def variables_of(document: str) -> list[str]:
    (operation,) = parse(TEXTS[document]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return [variable.variable.name.value for variable in operation.variable_definitions or ()]


def test_the_guide_lists_the_document_of_every_endpoint_with_its_variables() -> None:
    listed = {name: (document, re.findall(r"`(\w+)`", given)) for name, document, given in ROWS}

    assert sorted(listed) == sorted(f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS)
    for endpoint in ENDPOINTS:
        document, given = listed[f"{endpoint.method} {endpoint.path}"]
        assert document == endpoint.document
        # Of an update, the id is a field of the input.
        assert [name for name in given if name != "id" or document != "update-customer"] == variables_of(document)


async def variables_for(records: Records, document: str) -> dict[str, Any]:
    """Return variables of a document that succeed."""
    customer = str(await records.customer())
    values = {
        "id": customer,
        "first": 10,
        "reads": True,
        "input": {"id": customer, "city": "Rønne"}
        if document == "update-customer"
        else required(await records.group()) | {"vatZone": "EU"},
    }
    return {name: values[name] for name in variables_of(document) if name in values}


@pytest.mark.parametrize("document", sorted(TEXTS))
async def test_the_document_of_an_endpoint_runs_at_graphql_by_its_name(
    rest: RestCaller, records: Records, document: str
) -> None:
    body = {"documentId": f"{ID_PREFIX}{document}", "variables": await variables_for(records, document)}

    answer = (await rest.send("POST", "/graphql", body)).json()

    assert "errors" not in answer, answer
    (shown,) = answer["data"].values()
    assert shown
    assert shown.get("errors", []) == []


async def test_a_key_that_was_used_over_rest_is_used_in_graphql_too(rest: RestCaller, records: Records) -> None:
    body = required(await records.group())
    made = (await rest.send("POST", CUSTOMERS, body, {"idempotency-key": "order-1"})).json()
    given = {**body, "vatZone": body["vatZone"].upper(), "idempotencyKey": "order-1"}

    repeated = (await rest.graphql(CREATE, input=given))["createCustomer"]

    assert repeated == {"customer": made, "replayed": True, "errors": []}
    assert len(await rest.get(CUSTOMERS)) == 1
    changed = (await rest.graphql(CREATE, input={**given, "name": "Another"}))["createCustomer"]
    assert [error["code"] for error in changed["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
