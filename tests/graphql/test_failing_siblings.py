"""A root field that fails is null with an error at its path; its siblings are answered as if it were not there."""

from typing import Any, cast

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType

from app.domain.identity import Scope
from app.graphql.schema import executable, schema
from tests.support.asking import Caller
from tests.support.records import Records

ID = "0198c0de-0000-7000-8000-000000000000"
FAILING = {
    "a cursor that is none": ('customers(after: "AAAA") { totalCount }', "INVALID_CURSOR"),
    "a page that is too long": ("customers(first: 501) { nodes { id } }", "BAD_USER_INPUT"),
    "a malformed filter": ('customers(where: {ids: ["x"]}) { nodes { id } }', "BAD_USER_INPUT"),
    "a count out of bounds": ("customers { totalCount(atMost: 0) }", "BAD_USER_INPUT"),
    "a malformed filter of groups": ('customerGroups(where: {ids: ["x"]}) { name }', "BAD_USER_INPUT"),
    "a malformed id": ('node(id: "x") { id }', "BAD_USER_INPUT"),
    "a scope that is missing": ("ledgerAccounts { name }", "FORBIDDEN"),
}
SIBLINGS = (
    "viewer { subject } others: customers { nodes { customerNumber } totalCount } groups: customerGroups { number }"
)


@pytest.mark.parametrize(("field", "code"), FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("is_first", [True, False], ids=["before its siblings", "after them"])
async def test_a_root_field_that_fails_leaves_its_siblings(
    caller: Caller, records: Records, field: str, code: str, *, is_first: bool
) -> None:
    await records.customer(customer_number="1", customer_group_id=await records.group(number="G"))
    caller.scopes = (Scope.CUSTOMERS_READ,)
    fields = (f"broken: {field}", SIBLINGS) if is_first else (SIBLINGS, f"broken: {field}")

    result = await caller.run(f"{{ {' '.join(fields)} }}")

    assert result.data == {
        "broken": None,
        "viewer": {"subject": "tester"},
        "others": {"nodes": [{"customerNumber": "1"}], "totalCount": 1},
        "groups": [{"number": "G"}],
    }
    errors = result.errors or []
    assert [(error.extensions or {})["code"] for error in errors] == [code]
    assert [(error.path or [])[0] for error in errors] == ["broken"]


async def test_a_credential_without_a_scope_sees_what_it_may(caller: Caller) -> None:
    caller.scopes = (Scope.ACCOUNTS_READ,)
    document = f"""{{ customers {{ totalCount }} customerGroups {{ name }} nodes(ids: ["{ID}"]) {{ id }}
        billingTransitionPreview(input: {{id: "{ID}"}}) {{ errors {{ code }} }} ledgerAccounts {{ name }} }}"""

    result = await caller.run(document)

    refused = ("customers", "customerGroups", "nodes", "billingTransitionPreview")
    assert result.data == dict[str, Any].fromkeys(refused) | {"ledgerAccounts": []}
    assert sorted((error.path or [])[0] for error in result.errors or ()) == sorted(refused)


def test_only_root_fields_that_can_not_fail_or_belong_to_federation_are_never_null() -> None:
    query = cast("GraphQLObjectType", executable(schema).query_type)
    never_null = {name for name, field in query.fields.items() if isinstance(field.type, GraphQLNonNull)}
    assert never_null == {"viewer", "_entities", "_service"}
