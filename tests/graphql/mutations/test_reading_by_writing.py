"""A credential that may only write reads nothing that it did not write, whatever it sends."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type

from app.db import graph
from app.domain.identity import Scope
from app.graphql.declared import definition_of
from app.graphql.permissions import Requires, RequiresUnlessWritten
from app.graphql.schema import executable, schema
from tests.graphql.asking import Caller
from tests.graphql.mutations.test_authorization import MUTATIONS, Ids, document, ids_of
from tests.records import Records

TYPES = executable(schema).type_map
ENTITIES = {entity.name for entity in graph.NODES}


@dataclass(frozen=True, slots=True)
class Unchanging:
    """An update that changes nothing, and the same that changes the name."""

    mutation: str
    shown: str
    """What the payload's object is selected by."""
    path: list[str | int]
    """Where the object is in the payload."""
    input: Callable[[Ids], dict[str, Any]]
    reads: Scope = Scope.CUSTOMERS_READ
    writes: Scope = Scope.CUSTOMERS_WRITE

    def changing(self, ids: Ids) -> dict[str, Any]:
        given = self.input(ids)
        rows = [row | {"name": "Written"} for row in given.get("rows", ())]
        return given | ({"rows": rows} if rows else {"name": "Written"})


CASES = {
    "nothing sent": Unchanging(
        "updateCustomer", "customer { id name }", ["customer"], lambda ids: {"id": ids.customer}
    ),
    "the same again": Unchanging(
        "updateCustomer", "customer { id name }", ["customer"], lambda ids: {"id": ids.customer, "name": "Secret"}
    ),
    "contact": Unchanging(
        "updateContact", "contact { id name }", ["contact"], lambda ids: {"id": ids.contact, "name": "Secret"}
    ),
    "department": Unchanging(
        "updateDepartment", "department { id name }", ["department"], lambda ids: {"id": ids.department}
    ),
    "group": Unchanging(
        "updateCustomerGroup", "customerGroup { id name }", ["customerGroup"], lambda ids: {"id": ids.group}
    ),
    "row of customers": Unchanging(
        "upsertCustomers",
        "results { customer { id name } }",
        ["results", 0, "customer"],
        lambda _: {"matchBy": "CUSTOMER_NUMBER", "rows": [{"customerNumber": "known"}]},
    ),
    "row of accounts": Unchanging(
        "upsertLedgerAccounts",
        "results { ledgerAccount { id name } }",
        ["results", 0, "ledgerAccount"],
        lambda _: {"rows": [{"number": "known"}]},
        Scope.ACCOUNTS_READ,
        Scope.ACCOUNTS_WRITE,
    ),
}


async def secrets_of(records: Records) -> Ids:
    """The ids of a company in which everything that can be updated is called Secret."""
    ids = await ids_of(records)
    customer = await records.customer(name="Secret", customer_number="known")
    account = await records.account(number="known", name="Secret")
    return Ids(
        account=str(account),
        group=str(await records.group(account_id=account, name="Secret")),
        unused_group=ids.unused_group,
        customer=str(customer),
        other_customer=ids.other_customer,
        contact=str(await records.contact(customer, name="Secret")),
        other_contact=ids.other_contact,
        department=str(await records.department(customer, name="Secret")),
        other_department=ids.other_department,
        subscription=ids.subscription,
    )


def at(payload: Any, path: list[str | int]) -> Any:
    for step in path:
        payload = payload[step]
    return payload


async def send(caller: Caller, case: Unchanging, given: dict[str, Any]) -> tuple[Any, list[tuple[Any, Any]]]:
    """The payload's object, and the paths in the payload with the scopes that are missing."""
    result = await caller.run(document(case.mutation, case.shown), input=given)
    assert result.data is not None
    payload = result.data[case.mutation]
    assert payload["errors"] == []
    errors = [((error.path or [])[1:], error.extensions or {}) for error in result.errors or ()]
    assert {extensions["code"] for _, extensions in errors} <= {"FORBIDDEN"}
    return at(payload, case.path), [(path, extensions["requiredScope"]) for path, extensions in errors]


@pytest.mark.parametrize("name", CASES)
async def test_an_update_that_changes_nothing_shows_the_object_only_with_the_scope_to_read(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    caller.scopes = [case.writes]

    assert await send(caller, case, case.input(ids)) == (None, [(case.path, case.reads.value)])

    caller.scopes = [case.writes, case.reads]
    shown, errors = await send(caller, case, case.input(ids))
    assert (shown["name"], errors) == ("Secret", [])


@pytest.mark.parametrize("name", CASES)
async def test_a_replayed_call_shows_what_it_wrote_and_nothing_that_it_did_not(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    unchanged = case.input(ids) | {"idempotencyKey": "unchanged"}
    changed = case.changing(ids) | {"idempotencyKey": "changed"}
    # Somebody who may read sends both first.
    assert (await send(caller, case, unchanged))[0]["name"] == "Secret"
    assert (await send(caller, case, changed))[0]["name"] == "Written"
    caller.scopes = [case.writes]

    assert await send(caller, case, unchanged) == (None, [(case.path, case.reads.value)])
    shown, errors = await send(caller, case, changed)
    assert (shown["name"], errors) == ("Written", [])


@pytest.mark.parametrize("name", ["row of customers", "row of accounts"])
async def test_a_dry_run_shows_what_is_stored_only_with_the_scope_to_read(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    caller.scopes = [case.writes]
    for given in (case.input(ids), case.changing(ids)):
        tried = await send(caller, case, given | {"dryRun": True})
        assert tried == (None, [(case.path, case.reads.value)])
        assert "Secret" not in json.dumps(tried)


def payload_fields(kind: GraphQLObjectType) -> list[tuple[str, GraphQLField]]:
    """The fields of a payload that show an entity, those of its rows among them."""
    found: list[tuple[str, GraphQLField]] = []
    for name, field in kind.fields.items():
        shown = cast("Any", get_named_type(field.type))
        if str(shown) in ENTITIES:
            found.append((f"{kind.name}.{name}", field))
        elif isinstance(shown, GraphQLObjectType):
            found += payload_fields(shown)
    return found


def test_every_object_of_a_payload_says_what_it_takes_to_see_it() -> None:
    payloads = {cast("GraphQLObjectType", get_named_type(field.type)).name for field in MUTATIONS.values()}
    fields = dict(each for name in payloads for each in payload_fields(cast("GraphQLObjectType", TYPES[name])))
    assert len(fields) >= len(MUTATIONS)
    guards = (Requires, RequiresUnlessWritten)
    open_to_all = [
        name
        for name, field in fields.items()
        if not any(isinstance(each, guards) for each in definition_of(field).extensions)
    ]
    assert open_to_all == []
