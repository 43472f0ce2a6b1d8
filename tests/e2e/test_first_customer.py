"""From an empty database to a first customer, with the commands and the mutations alone, as an operator would."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain.identity import Scope
from tests.support.commands import free_port, messages, run_anew, running, wait_for_text
from tests.support.databases import as_role, execute
from tests.support.trust import TRUST

ACCOUNTS = """mutation($rows: [UpsertLedgerAccountRow!]!) {
  upsertLedgerAccounts(input: {rows: $rows}) { results { outcome ledgerAccount { id } } errors { message } }
}"""
GROUP = """mutation($account: ID!) {
  createCustomerGroup(input: {number: "1", name: "Erhverv", accountId: $account}) {
    customerGroup { id account { number } } errors { message }
  }
}"""
CUSTOMER = """mutation($group: ID!) {
  createCustomer(input: {
    name: "Nordlys Ærø ApS", vatZone: DOMESTIC, customerGroupId: $group, countryCode: "DK", defaultCurrency: "DKK"
  }) { customer { customerNumber group { accountName } } errors { message } }
}"""


@pytest.fixture
def urls(empty_dsn: str) -> Any:
    """The owner's URL and that of a role that `migrate` makes."""
    role = f"customer_gateway_test_{uuid4().hex}"
    yield {"OWNER_DATABASE_URL": empty_dsn, "DATABASE_URL": as_role(empty_dsn, role, "secret")}
    asyncio.run(execute(empty_dsn, f"DROP ROLE IF EXISTS {role}"))


def printed(*arguments: str, **urls: str) -> str:
    """What a command that succeeds prints."""
    result = run_anew(*arguments, **urls)
    assert (result.returncode, messages(result)) == (0, "")
    return result.stdout.strip()


def test_an_empty_database_gets_its_first_customer(urls: dict[str, str], tmp_path: Path) -> None:
    printed("migrate", **urls)
    company = printed("company", "create", "Nordlys A/S", "--currency", "DKK", **urls)
    scopes = [option for scope in Scope for option in ("--scope", scope)]
    key = printed("api-key", "create", "--company", company, "--name", "First", *scopes, **urls)
    port, output = free_port(), tmp_path / "output"

    with running("serve", "--port", str(port), output=output, **urls) as process:
        wait_for_text(process, output, "startup complete")

        def ask(document: str, **variables: Any) -> dict[str, Any]:
            answer = httpx.post(
                f"http://127.0.0.1:{port}/graphql",
                json={"query": document, "variables": variables},
                headers={"x-api-key": key},
                verify=TRUST,
            ).json()
            assert "errors" not in answer, answer
            (payload,) = answer["data"].values()
            return payload

        accounts = ask(ACCOUNTS, rows=[{"number": "1010", "name": "Salg, indland"}])
        assert (accounts["results"][0]["outcome"], accounts["errors"]) == ("CREATED", [])
        group = ask(GROUP, account=accounts["results"][0]["ledgerAccount"]["id"])
        assert (group["customerGroup"]["account"], group["errors"]) == ({"number": "1010"}, [])
        customer = ask(CUSTOMER, group=group["customerGroup"]["id"])
        assert customer == {
            "customer": {"customerNumber": "1", "group": {"accountName": "Salg, indland"}},
            "errors": [],
        }
        assert ask("{ viewer { company { name baseCurrency timeZone } } }") == {
            "company": {"name": "Nordlys A/S", "baseCurrency": "DKK", "timeZone": "Europe/Copenhagen"}
        }
