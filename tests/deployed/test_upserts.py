"""Lists of contacts, departments and groups in production: two workers, a role that owns nothing, keys and tokens."""

import secrets
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from app.domain.identity import Scope
from app.domain.upserts import MOST_UPSERT_ROWS
from tests.deployed.client import Client
from tests.deployed.companies import Company, new_company
from tests.deployed.deployment import Deployment, Served
from tests.deployed.operations import make_everything

CALLERS, CALLS = 8, 20


@dataclass(frozen=True, slots=True)
class Upsert:
    """One of the upserts: its field, what its results show, and a new row by its name."""

    field: str
    shown: str
    row: Callable[[Mapping[str, str], str], dict[str, Any]]

    @property
    def document(self) -> str:
        """The mutation, with the results and the problems of rows."""
        results = f"results {{ outcome {self.shown} {{ id name version }} errors {{ code path }} }}"
        kind = f"{self.field[0].upper()}{self.field[1:]}Input"
        payload = f"written replayed created unchanged refused {results} errors {{ code path }}"
        return f"mutation ($input: {kind}!) {{ {self.field}(input: $input) {{ {payload} }} }}"

    def send(self, client: Client, *rows: Mapping[str, Any], **control: Any) -> dict[str, Any]:
        """The payload of a list."""
        return client.data(self.document, {"input": {"rows": rows, **control}})[self.field]


UPSERTS = (
    Upsert(
        "upsertContacts",
        "contact",
        lambda made, name: {"customer": {"id": made["child"]}, "name": name, "email": f"{name}@nordlys.example"},
    ),
    Upsert("upsertDepartments", "department", lambda made, name: {"customer": {"id": made["child"]}, "name": name}),
    Upsert(
        "upsertCustomerGroups",
        "customerGroup",
        lambda made, name: {"number": name, "name": name, "accountId": made["account"]},
    ),
)
CONTACTS = UPSERTS[0]


@pytest.fixture(scope="module")
def company(deployment: Deployment, migrated: str) -> Company:
    assert migrated
    return new_company(deployment, "Lists A/S")


@pytest.fixture(scope="module")
def served(deployment: Deployment, company: Company) -> Generator[Served]:
    assert company
    with deployment.serving(WORKERS="2") as served:
        yield served


@pytest.fixture(scope="module")
def made(company: Company, served: Served) -> dict[str, str]:
    """The ids of what the company has."""
    with Client(served.url, company.credential("api-key", *Scope)) as client:
        return make_everything(client)


@pytest.fixture(params=["api-key", "token"])
def client(company: Company, served: Served, request: pytest.FixtureRequest) -> Generator[Client]:
    with Client(served.url, company.credential(request.param, *Scope)) as client:
        yield client


@pytest.fixture(params=UPSERTS, ids=lambda upsert: upsert.field)
def upsert(request: pytest.FixtureRequest) -> Upsert:
    return request.param


def name_of(place: object = "") -> str:
    return f"n{secrets.token_hex(4)}{place}"


@pytest.mark.parametrize("client", ["token"], indirect=True)
def test_500_rows_are_tried_written_and_left_as_they_are(client: Client, made: dict[str, str], upsert: Upsert) -> None:
    rows = [upsert.row(made, name_of(place)) for place in range(MOST_UPSERT_ROWS)]
    tried = upsert.send(client, *rows, dryRun=True)
    assert (tried["written"], tried["created"], tried["results"][0][upsert.shown]) == (False, MOST_UPSERT_ROWS, None)
    written = upsert.send(client, *rows)
    assert (written["written"], written["created"]) == (True, MOST_UPSERT_ROWS)
    assert [result[upsert.shown]["name"] for result in written["results"]] == [row["name"] for row in rows]
    assert upsert.send(client, *rows)["unchanged"] == MOST_UPSERT_ROWS


def test_a_bad_row_rejects_all_rows_or_itself_alone(client: Client, made: dict[str, str], upsert: Upsert) -> None:
    good = upsert.row(made, name_of())
    bad = upsert.row(made, name_of()) | {"name": "x" * 256}
    payload = upsert.send(client, good, bad)
    assert (payload["written"], payload["errors"]) == (False, payload["results"][1]["errors"])
    assert [error["code"] for error in payload["errors"]] == ["FIELD_TOO_LONG"]
    payload = upsert.send(client, good, bad, onRefusal="ROW_BY_ROW")
    assert (payload["written"], payload["created"], payload["refused"], payload["errors"]) == (True, 1, 1, [])


def test_a_row_of_an_old_version_changes_nothing(client: Client, made: dict[str, str], upsert: Upsert) -> None:
    stored = upsert.send(client, upsert.row(made, name_of()))["results"][0][upsert.shown]
    change = {"id": stored["id"], "name": name_of(), "expectedVersion": 1}
    assert upsert.send(client, change)["results"][0][upsert.shown]["version"] == 2
    late = upsert.send(client, change | {"name": name_of()})
    assert [(error["code"], error["path"]) for error in late["errors"]] == [
        ("VERSION_CONFLICT", ["input", "rows", "0", "expectedVersion"])
    ]
    assert late["results"][0][upsert.shown] == stored | {"name": change["name"], "version": 2}


def test_a_key_is_replayed_by_a_service_that_started_later(
    deployment: Deployment, company: Company, served: Served, made: dict[str, str]
) -> None:
    key, rows = name_of(), {upsert.field: upsert.row(made, name_of()) for upsert in UPSERTS}

    def send(url: str, kind: str) -> list[dict[str, Any]]:
        with Client(url, company.credential(kind, *Scope)) as client:
            return [
                upsert.send(client, rows[upsert.field], idempotencyKey=f"{key}{upsert.field}") for upsert in UPSERTS
            ]

    first = send(served.url, "api-key")
    assert [payload["created"] for payload in first] == [1] * len(UPSERTS)
    with deployment.serving(WORKERS="1") as later:
        assert send(later.url, "token") == [payload | {"replayed": True} for payload in first]


# Callers that meet

WRITES = {
    "updateContact": "mutation ($input: UpdateContactInput!) { updateContact(input: $input) { errors { code } } }",
    "deleteContact": "mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { errors { code } } }",
    "updateCustomer": "mutation ($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { code } } }",
    "upsertCustomers": "mutation ($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { errors { code } } }",
}
READ = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer {
  version history(first: 500) { nodes { version } }
  contacts(first: 50) { id name version isDefaultForCustomer history(first: 500) { nodes { version } } } } } }"""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two customers and their contacts, which all callers write at once."""

    customers: list[str]
    contacts: list[str]

    def call(self, client: Client, draw: Random) -> set[str]:
        """Write something; return the codes of the problems."""
        field = draw.choice(["upsertContacts", "upsertContacts", *WRITES])
        if field == "upsertContacts":
            payload = CONTACTS.send(client, *some_contacts(draw), matchBy="NAME", onRefusal="ROW_BY_ROW")
            return {error["code"] for result in payload["results"] for error in result["errors"]}
        payload = client.data(WRITES[field], {"input": self._input(field, draw)})[field]
        return {error["code"] for error in payload["errors"]}

    def _input(self, field: str, draw: Random) -> dict[str, Any]:
        if field == "upsertCustomers":
            rows = [{"externalSystemId": f"meet-{place}", "phone": str(draw.random())} for place in (0, 1)]
            return {"rows": draw.sample(rows, 2)}
        written = {"id": draw.choice(self.customers if field == "updateCustomer" else self.contacts)}
        if field == "deleteContact":
            return written
        default = {"isDefaultForCustomer": True} if field == "updateContact" and draw.randint(0, 1) else {}
        return {**written, **default, "phone": str(draw.random())}


def some_contacts(draw: Random) -> list[dict[str, Any]]:
    """Rows of contacts of both customers in any order, at most one of which becomes the default."""
    places = draw.sample(range(6), draw.randint(1, 6))
    new_default = draw.randint(0, 5)
    return [
        {
            "customer": {"externalSystemId": f"meet-{place % 2}"},
            "name": f"Name {place}",
            "phone": str(draw.random()),
            **({"isDefaultForCustomer": True} if place == new_default else {}),
        }
        for place in places
    ]


def test_lists_and_single_writes_of_the_same_contacts_never_lock_each_other_out(
    deployment: Deployment, company: Company, served: Served, made: dict[str, str], chance: Random
) -> None:
    log = deployment.folder / "postgres.log"
    said = log.read_text()
    with Client(served.url, company.credential("token", *Scope)) as client:
        meeting = meet(client, made)

        def calls(draw: Random) -> set[str]:
            with Client(served.url, company.credential("token", *Scope)) as own:
                return {code for _ in range(CALLS) for code in meeting.call(own, draw)}

        draws = [Random(chance.random()) for _ in range(CALLERS)]  # noqa: S311 - no secret
        with ThreadPoolExecutor(CALLERS) as threads:
            codes = {code for found in threads.map(calls, draws) for code in found}
        assert codes <= {"CONTACT_NOT_FOUND", "DEFAULT_REQUIRED", "FIELD_CONFLICT"}
        assert "deadlock" not in log.read_text()[len(said) :]
        assert_whole(client, meeting)


def meet(client: Client, made: Mapping[str, str]) -> Meeting:
    required = {"vatZone": "DOMESTIC", "customerGroupId": made["group"], "countryCode": "DK", "defaultCurrency": "DKK"}
    rows = [{"externalSystemId": f"meet-{place}", "name": "Meeting", **required} for place in (0, 1)]
    document = (
        "mutation ($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { results { customer { id } } } }"
    )
    results = client.data(document, {"input": {"rows": rows}})["upsertCustomers"]["results"]
    customers = [result["customer"]["id"] for result in results]
    contacts = [{"customer": {"id": customers[place % 2]}, "name": f"Name {place}"} for place in range(12)]
    payload = CONTACTS.send(client, *contacts, matchBy="NAME")
    return Meeting(customers, [result["contact"]["id"] for result in payload["results"]])


def assert_whole(client: Client, meeting: Meeting) -> None:
    """Names are unique, at most one contact is the default, and no change is missing in a history."""
    for customer in client.data(READ, {"ids": meeting.customers})["nodes"]:
        contacts = customer["contacts"]
        assert len({contact["name"] for contact in contacts}) == len(contacts)
        assert sum(contact["isDefaultForCustomer"] for contact in contacts) <= 1
        for changed in (customer, *contacts):
            versions = [change["version"] for change in changed["history"]["nodes"]]
            assert versions == list(range(changed["version"], 0, -1))
