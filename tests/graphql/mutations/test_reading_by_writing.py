"""A credential that may only write reads nothing that it did not write, whatever it sends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.every_mutation import TABLE, Ids, document, ids_of
from tests.support.records import Records


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
    """The ids of a company in which everything that can be updated or removed is called Secret."""
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
        endpoint=ids.endpoint,
        cursor=ids.cursor,
    )


def at(payload: Any, path: list[str | int]) -> Any:
    for step in path:
        payload = payload[step]
    return payload


async def send(caller: Caller, case: Unchanging, given: dict[str, Any]) -> Any:
    """The payload's object, of an answer without any error."""
    payload = (await caller.data(document(case.mutation, case.shown), input=given))[case.mutation]
    assert payload["errors"] == []
    return at(payload, case.path)


@pytest.mark.parametrize("name", CASES)
async def test_an_update_without_changes_shows_the_object_only_with_the_scope_to_read(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    caller.scopes = [case.writes]

    assert await send(caller, case, case.input(ids)) is None

    caller.scopes = [case.writes, case.reads]
    assert (await send(caller, case, case.input(ids)))["name"] == "Secret"


@pytest.mark.parametrize("name", CASES)
async def test_a_replayed_call_shows_what_it_wrote_and_nothing_that_it_did_not(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    unchanged = case.input(ids) | {"idempotencyKey": "unchanged"}
    changed = case.changing(ids) | {"idempotencyKey": "changed"}
    # Somebody who may read sends both first.
    assert (await send(caller, case, unchanged))["name"] == "Secret"
    assert (await send(caller, case, changed))["name"] == "Written"
    caller.scopes = [case.writes]

    assert await send(caller, case, unchanged) is None
    assert (await send(caller, case, changed))["name"] == "Written"


@pytest.mark.parametrize("name", ["row of customers", "row of accounts"])
async def test_a_dry_run_shows_what_is_stored_only_with_the_scope_to_read(
    caller: Caller, records: Records, name: str
) -> None:
    case, ids = CASES[name], await secrets_of(records)
    caller.scopes = [case.writes]
    for given in (case.input(ids), case.changing(ids)):
        assert await send(caller, case, given | {"dryRun": True}) is None


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("name", [name for name in TABLE if name.startswith("upsert")])
async def test_a_rejected_list_tells_the_result_of_each_row_to_who_may_only_write(
    caller: Caller, records: Records, name: str, *, dry_run: bool
) -> None:
    row = TABLE[name]
    given: dict[str, Any] = row.input(await secrets_of(records)) | {"dryRun": dry_run}
    given["rows"] = [given["rows"][0] | {"name": " "}, *given["rows"][1:]]
    shown = row.payload.split()[2]
    selection = f"created updated unchanged refused results {{ index outcome errors {{ code path }} {shown} {{ id }} }}"

    told: list[Any] = []
    for scopes in (list(Scope), [row.writes]):
        caller.scopes = scopes
        told.append((await caller.data(document(name, selection), input=given))[name])
    by_reader, by_writer = told

    assert [result[shown] for result in by_writer["results"]] == [None for _ in given["rows"]]
    assert (by_writer["refused"], by_writer["results"][0]["outcome"]) == (1, "REFUSED")
    for result in by_reader["results"]:
        result[shown] = None
    assert by_writer == by_reader


REMOVALS: dict[str, tuple[str, Callable[[Ids], dict[str, Any]]]] = {
    "deleteContact": ("contact { id name }", lambda ids: {"id": ids.contact}),
    "deleteDepartment": ("department { id name }", lambda ids: {"id": ids.department}),
    "deleteCustomerGroup": ("customerGroup { id name }", lambda ids: {"id": ids.group}),
}
"""What each removal shows, and its input: each object is called Secret."""


@pytest.mark.parametrize("name", REMOVALS)
async def test_a_removal_shows_what_was_there_only_with_the_scope_to_read(
    caller: Caller, records: Records, name: str
) -> None:
    shown, input_of = REMOVALS[name]
    given = input_of(await secrets_of(records)) | {"idempotencyKey": "removed"}
    field = shown.split()[0]
    seen: list[Any] = []

    for scopes in ([Scope.CUSTOMERS_WRITE], [Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_READ], [Scope.CUSTOMERS_WRITE]):
        caller.scopes = scopes
        payload = (await caller.data(document(name, f"replayed {shown}"), input=given))[name]
        assert payload["errors"] == []
        seen.append((payload["replayed"], payload[field] and payload[field]["name"]))

    assert seen == [(False, None), (True, "Secret"), (True, None)]


async def test_a_mutation_that_changes_nothing_is_no_error_beside_others(caller: Caller, records: Records) -> None:
    one, other = await records.customer(name="Secret"), await records.customer()
    caller.scopes = [Scope.CUSTOMERS_WRITE]

    data = await caller.data(
        """mutation($same: UpdateCustomerInput!, $change: UpdateCustomerInput!) {
             first: updateCustomer(input: $change) { customer { name } changedFields errors { code } }
             second: updateCustomer(input: $same) { customer { name } changedFields errors { code } }
           }""",
        change={"id": str(other), "name": "Written"},
        same={"id": str(one), "name": "Secret"},
    )

    assert data == {
        "first": {"customer": {"name": "Written"}, "changedFields": ["name"], "errors": []},
        "second": {"customer": None, "changedFields": [], "errors": []},
    }
