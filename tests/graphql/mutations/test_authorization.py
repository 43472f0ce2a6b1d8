"""Who may write: every mutation of the schema without a credential, with too little of one, and about another company."""

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio
from graphql import GraphQLObjectType
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.graphql.schema import executable, schema
from app.settings import Settings
from app.web.application import create_app
from tests.support.asking import Caller
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of


@dataclass(frozen=True, slots=True)
class Ids:
    """What a company has that mutations are about."""

    account: str
    group: str
    unused_group: str
    customer: str
    other_customer: str
    contact: str
    other_contact: str
    department: str
    other_department: str
    subscription: str


async def ids_of(records: Records) -> Ids:
    account = await records.account()
    customer = await records.customer()
    made: tuple[UUID, ...] = (
        account,
        await records.group(account_id=account),
        await records.group(account_id=account),
        customer,
        await records.customer(),
        await records.contact(customer, is_default_for_customer=True),
        await records.contact(customer),
        await records.department(customer, is_default=True),
        await records.department(customer),
        await records.subscription(customer),
    )
    return Ids(*map(str, made))


@dataclass(frozen=True, slots=True)
class Row:
    """A mutation of the table."""

    input: Callable[[Ids], dict[str, Any]]
    """What works for someone of the company of these ids who may write."""
    payload: str
    """The payload's object with a field of its own."""
    relation: str
    """The payload's object with something that needs the other scope; empty where it has none."""
    foreign: dict[str, str] = field(default_factory=dict[str, str])
    """The paths in the input that hold ids, and how another company's is refused."""
    reads: Scope = Scope.CUSTOMERS_READ
    writes: Scope = Scope.CUSTOMERS_WRITE


CUSTOMER = ("customer { id }", "customer { group { id } }")
CONTACT = ("contact { id }", "customer { id }")
DEPARTMENT = ("department { id }", "customer { id }")
GROUP = ("customerGroup { id }", "customerGroup { customers { totalCount } }")
TABLE = {
    "createCustomer": Row(
        lambda ids: {
            "name": "New",
            "vatZone": "DOMESTIC",
            "customerGroupId": ids.group,
            "countryCode": "DK",
            "defaultCurrency": "DKK",
            "parentCustomerId": ids.customer,
        },
        *CUSTOMER,
        {"customerGroupId": "CUSTOMER_GROUP_NOT_FOUND", "parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND"},
    ),
    "updateCustomer": Row(
        lambda ids: {
            "id": ids.customer,
            "customerGroupId": ids.group,
            "parentCustomerId": ids.other_customer,
            "subscriptionTransitions": [{"subscriptionId": ids.subscription}],
        },
        *CUSTOMER,
        {
            "id": "CUSTOMER_NOT_FOUND",
            "customerGroupId": "CUSTOMER_GROUP_NOT_FOUND",
            "parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND",
        },
    ),
    "upsertCustomers": Row(
        lambda ids: {
            "matchBy": "CUSTOMER_NUMBER",
            "rows": [
                {
                    "customerNumber": "New",
                    "name": "New",
                    "vatZone": "DOMESTIC",
                    "customerGroupId": ids.group,
                    "countryCode": "DK",
                    "defaultCurrency": "DKK",
                    "parentCustomerId": ids.customer,
                }
            ],
        },
        "results { customer { id } }",
        "results { customer { group { id } } }",
        {
            "rows.0.customerGroupId": "CUSTOMER_GROUP_NOT_FOUND",
            "rows.0.parentCustomerId": "PARENT_CUSTOMER_NOT_FOUND",
        },
    ),
    "createContact": Row(
        lambda ids: {"customerId": ids.customer, "name": "New"}, *CONTACT, {"customerId": "CUSTOMER_NOT_FOUND"}
    ),
    "updateContact": Row(lambda ids: {"id": ids.contact, "name": "New"}, *CONTACT, {"id": "CONTACT_NOT_FOUND"}),
    "deleteContact": Row(
        lambda ids: {"id": ids.contact, "newDefaultId": ids.other_contact},
        *CONTACT,
        {"id": "CONTACT_NOT_FOUND", "newDefaultId": "CONTACT_NOT_FOUND"},
    ),
    "createDepartment": Row(
        lambda ids: {"customerId": ids.customer, "name": "New"}, *DEPARTMENT, {"customerId": "CUSTOMER_NOT_FOUND"}
    ),
    "updateDepartment": Row(
        lambda ids: {"id": ids.department, "name": "New"}, *DEPARTMENT, {"id": "DEPARTMENT_NOT_FOUND"}
    ),
    "deleteDepartment": Row(
        lambda ids: {"id": ids.department, "newDefaultId": ids.other_department},
        *DEPARTMENT,
        {"id": "DEPARTMENT_NOT_FOUND", "newDefaultId": "DEPARTMENT_NOT_FOUND"},
    ),
    "createCustomerGroup": Row(
        lambda ids: {"number": "New", "name": "New", "accountId": ids.account},
        *GROUP,
        {"accountId": "LEDGER_ACCOUNT_NOT_FOUND"},
    ),
    "updateCustomerGroup": Row(
        lambda ids: {"id": ids.group, "name": "New", "accountId": ids.account},
        *GROUP,
        {"id": "CUSTOMER_GROUP_NOT_FOUND", "accountId": "LEDGER_ACCOUNT_NOT_FOUND"},
    ),
    "deleteCustomerGroup": Row(lambda ids: {"id": ids.unused_group}, *GROUP, {"id": "CUSTOMER_GROUP_NOT_FOUND"}),
    "upsertLedgerAccounts": Row(
        lambda _: {"rows": [{"number": "New", "name": "New"}]},
        "results { ledgerAccount { id } }",
        "",
        reads=Scope.ACCOUNTS_READ,
        writes=Scope.ACCOUNTS_WRITE,
    ),
}
FOREIGN = [(name, id_field) for name, row in TABLE.items() for id_field in row.foreign]
MUTATIONS = cast("GraphQLObjectType", executable(schema).type_map["Mutation"]).fields


def document(name: str, selection: str) -> str:
    input_type = MUTATIONS[name].args["input"].type
    return f"mutation($input: {input_type}) {{ {name}(input: $input) {{ {selection} errors {{ code path }} }} }}"


@pytest_asyncio.fixture(loop_scope="session")
async def ids(records: Records) -> Ids:
    return await ids_of(records)


def test_the_table_has_a_row_for_every_mutation_of_the_schema() -> None:
    assert set(TABLE) == set(MUTATIONS)


@pytest.mark.parametrize("name", TABLE)
async def test_without_a_credential_nothing_is_even_parsed(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    app = create_app(Settings.model_validate({"database_url": service_dsn}))
    row = TABLE[name]
    body = {"query": document(name, row.payload), "variables": {"input": row.input(ids)}}

    async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
        response = await client.post("/graphql", json=body)

    assert response.status_code == 401
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["UNAUTHENTICATED"]
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("scopes", ["no scope", "read only", "all others"])
@pytest.mark.parametrize("name", TABLE)
async def test_without_the_scope_to_write_a_mutation_is_refused_and_the_scope_named(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, scopes: str
) -> None:
    before = await everything_of(owner_engine, company)
    writes = TABLE[name].writes
    caller.scopes = {
        "no scope": (),
        "read only": (Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ),
        "all others": tuple(each for each in Scope if each is not writes),
    }[scopes]

    refusal = await caller.refusal(document(name, TABLE[name].payload), input=TABLE[name].input(ids))

    assert (refusal["code"], refusal["requiredScope"], refusal["field"]) == ("FORBIDDEN", writes, [name])
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("name", TABLE)
async def test_the_scope_to_write_is_enough_to_write_and_to_see_what_was_written(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    caller.scopes = (TABLE[name].writes,)

    payload = (await caller.data(document(name, TABLE[name].payload), input=TABLE[name].input(ids)))[name]

    assert payload["errors"] == []
    # What is removed was written by others.
    assert ('"id": "' in json.dumps(payload)) is not name.startswith("delete")
    assert await everything_of(owner_engine, company) != before


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.relation])
async def test_a_mutation_whose_payload_shows_what_may_not_be_read_writes_nothing(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str
) -> None:
    before = await everything_of(owner_engine, company)
    caller.scopes = tuple(each for each in Scope if each is not TABLE[name].reads)

    refusal = await caller.refusal(document(name, TABLE[name].relation), input=TABLE[name].input(ids))

    assert (refusal["code"], refusal["requiredScope"]) == ("FORBIDDEN", TABLE[name].reads)
    assert refusal["field"] == [name, *keys_of(TABLE[name].relation)]
    assert caller.statements == 0
    assert await everything_of(owner_engine, company) == before


def keys_of(selection: str) -> list[str]:
    """The path of the outermost field that may not be read: the last but the leaf."""
    return selection.replace("}", "").replace("{", "").split()[:-1]


@pytest.mark.parametrize(("name", "id_field"), FOREIGN, ids=[".".join(each) for each in FOREIGN])
async def test_another_companys_ids_are_not_found_and_nothing_is_written(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, ids: Ids, name: str, id_field: str
) -> None:
    other = await new_company(owner_engine)
    theirs = await ids_of(Records(owner_engine, other))
    row = TABLE[name]
    foreign = with_foreign(row.input(ids), row.input(theirs), *id_field.split("."))
    before = [await everything_of(owner_engine, each) for each in (company, other)]

    payload = (await caller.data(document(name, row.payload), input=foreign))[name]

    errors = [(error["code"], error["path"]) for error in payload["errors"]]
    assert errors == [(row.foreign[id_field], ["input", *id_field.split(".")])]
    assert not any(theirs_id in json.dumps(payload) for theirs_id in astuple(theirs))
    assert [await everything_of(owner_engine, each) for each in (company, other)] == before


def with_foreign(own: Any, theirs: Any, step: str, *steps: str) -> Any:
    """An input with the value at this path from another one of the same form."""
    key: Any = int(step) if step.isdigit() else step
    made: Any = own.copy()
    made[key] = with_foreign(own[key], theirs[key], *steps) if steps else theirs[key]
    return made
