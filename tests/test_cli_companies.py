"""The command line: `company`, from an empty database to a company that can be changed."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from tests.support.commands import free_port, messages, run
from tests.support.records import Records, new_company


def company_(owner_dsn: str, *arguments: str) -> CompletedProcess[str]:
    return run("company", *arguments, DATABASE_URL=owner_dsn)


async def stored(engine: AsyncEngine, company_id: UUID | str) -> tuple[str, str, str]:
    columns = tables.companies.c
    query = select(columns.name, columns.base_currency, columns.time_zone).where(columns.id == UUID(str(company_id)))
    async with engine.connect() as connection:
        return tuple((await connection.execute(query)).one())


async def test_a_company_is_made_and_its_id_is_all_that_is_printed(owner_dsn: str, owner_engine: AsyncEngine) -> None:
    result = company_(owner_dsn, "create", "\ufeff Nordlys Ærø A/S ", "--currency", "dkk")
    assert (result.returncode, messages(result)) == (0, "")
    assert result.stdout == f"{UUID(result.stdout.strip())}\n"
    assert await stored(owner_engine, result.stdout.strip()) == ("Nordlys Ærø A/S", "DKK", "Europe/Copenhagen")


async def test_the_same_company_again_changes_nothing_and_other_values_are_rejected(
    owner_dsn: str, owner_engine: AsyncEngine
) -> None:
    company_id = str(uuid4())
    options = ["--currency", "SEK", "--time-zone", "Europe/Stockholm", "--id", company_id.upper()]
    first, second = (company_(owner_dsn, "create", "Ström AB", *options) for _ in range(2))
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout) == (0, f"{company_id}\n")

    other = company_(owner_dsn, "create", "Ström AB", *options, "--currency", "EUR")

    assert (other.returncode, other.stdout) == (2, "")
    assert (
        f"The company {company_id} already exists with other values: Ström AB, SEK, Europe/Stockholm." in other.stderr
    )
    assert await stored(owner_engine, company_id) == ("Ström AB", "SEK", "Europe/Stockholm")


def test_all_problems_of_a_company_are_reported_at_once_without_a_database() -> None:
    result = run(
        "company", "create", " ", "--currency", "XYZ", "--time-zone", "Europe/Atlantis", "--id", "tea",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere",
    )  # fmt: skip
    assert result.returncode == 2
    assert [line.split()[0] for line in result.stderr.removeprefix("Error: ").splitlines()] == [
        "NAME",
        "--currency",
        "--time-zone",
        "--id",
    ]
    assert "such as Europe/Copenhagen" in result.stderr


@pytest.mark.parametrize("name", ["x" * 256, "two\nlines", "be\all", "e\u202evil", "\u200b"])
def test_a_name_is_printable_and_of_at_most_255_characters(name: str) -> None:
    result = run("company", "create", name, "--currency", "DKK", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")
    assert result.returncode == 2
    assert result.stderr.startswith("Error: NAME ")


@pytest.mark.parametrize("name", ["\u200b", "\ufff9", "\U00013430", "\uffff"], ids=ascii)
def test_a_name_of_which_nothing_is_visible_is_blank_as_it_is_in_a_mutation(name: str) -> None:
    result = run("company", "create", name, "--currency", "DKK", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")
    assert (result.returncode, result.stderr) == (2, "Error: NAME must be given and not be blank.\n")


@pytest.mark.parametrize(
    "zone", ["europe/copenhagen", "CEST", "Europe", "../etc/passwd", "localtime", "Factory", "UTC+1"]
)
def test_a_time_zone_is_spelled_as_in_the_iana_database(zone: str) -> None:
    result = run(
        "company", "create", "Fjord", "--currency", "DKK", "--time-zone", zone,
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere",
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith("Error: --time-zone must be an IANA time zone")


def test_companies_are_listed_for_people_and_for_programs(owner_dsn: str) -> None:
    company_id = company_(owner_dsn, "create", "Järvi Oy", "--currency", "EUR").stdout.strip()
    assert f"{company_id}  EUR  Europe/Copenhagen     Järvi Oy" in company_(owner_dsn, "list").stdout.splitlines()
    listed = json.loads(company_(owner_dsn, "list", "--json").stdout)
    assert {
        "id": company_id,
        "name": "Järvi Oy",
        "baseCurrency": "EUR",
        "timeZone": "Europe/Copenhagen",
    } in listed


async def test_a_company_is_changed_field_by_field(owner_dsn: str, owner_engine: AsyncEngine, company: UUID) -> None:
    changed = company_(owner_dsn, "update", str(company), "--name", "Fjord", "--currency", "NOK")
    assert (changed.returncode, changed.stdout) == (0, "Changed the name, the base currency.\n")
    again = company_(owner_dsn, "update", str(company), "--name", "Fjord")
    assert (again.returncode, again.stdout) == (0, "Nothing changed: the company already has these values.\n")
    zone = company_(owner_dsn, "update", str(company), "--time-zone", "America/Port-au-Prince")
    assert zone.stdout == "Changed the time zone.\n"
    assert await stored(owner_engine, company) == ("Fjord", "NOK", "America/Port-au-Prince")


@pytest.mark.parametrize("amount", [{"opening_balance": "-1.00"}, {"credit_limit": 500}])
async def test_the_base_currency_stays_while_customers_have_amounts_in_it(
    owner_dsn: str, owner_engine: AsyncEngine, company: UUID, records: Records, amount: dict[str, object]
) -> None:
    customer = await records.customer(**amount)
    await records.customer(opening_balance=0)
    refused = company_(owner_dsn, "update", str(company), "--currency", "EUR", "--name", "Fjord")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert (
        "The base currency DKK can't be changed: 1 customer has an opening balance or a credit limit" in refused.stderr
    )
    assert await stored(owner_engine, company) == (f"Company {company}", "DKK", "Europe/Copenhagen")

    async with owner_engine.begin() as connection:
        await connection.execute(
            update(tables.customers)
            .where(tables.customers.c.company_id == company, tables.customers.c.id == customer)
            .values(opening_balance=None, credit_limit=None)
        )
    assert company_(owner_dsn, "update", str(company), "--currency", "EUR").returncode == 0


async def test_a_change_of_currency_does_not_wait_forever_for_someone_who_writes(
    owner_dsn: str, owner_engine: AsyncEngine, company: UUID, records: Records
) -> None:
    customer = await records.customer()
    async with owner_engine.connect() as connection:
        await connection.execute(
            update(tables.customers).where(tables.customers.c.id == customer).values(opening_balance=1)
        )
        waiting = company_(owner_dsn, "update", str(company), "--currency", "EUR")
        await connection.rollback()
    assert waiting.returncode == 3
    assert "Try again" in waiting.stderr
    assert await stored(owner_engine, company) == (f"Company {company}", "DKK", "Europe/Copenhagen")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["update", "tea", "--currency", "x"], "ID must be a UUID"),
        (["update", str(uuid4())], "Nothing to update"),
        (["update", str(uuid4()), "--name", "Fjord"], "does not exist"),
        (["create", "Fjord"], "Missing option '--currency'"),
    ],
)
def test_what_can_not_be_done_is_said(owner_dsn: str, arguments: list[str], words: str) -> None:
    result = company_(owner_dsn, *arguments)
    assert result.returncode == 2
    assert words in result.stderr


def test_a_key_for_an_unknown_company_says_how_to_make_one(owner_dsn: str) -> None:
    company = ["--company", str(uuid4())]
    for command in (["create", *company, "--name", "Billing", "--scope", "customers-read"], ["list", *company]):
        result = run("api-key", *command, DATABASE_URL=owner_dsn)
        assert result.returncode == 2
        assert "`customer-gateway company create` creates one" in result.stderr


def test_an_import_into_an_unknown_company_says_how_to_make_one(service_dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "customers.jsonl"
    path.write_text('{"externalSystemId": "a"}\n')
    result = run("import", path, "--company", str(uuid4()), DATABASE_URL=service_dsn)
    assert result.returncode == 2
    assert "`customer-gateway company create` creates one" in result.stderr


def test_a_database_that_is_not_migrated_is_rejected(empty_dsn: str) -> None:
    result = company_(empty_dsn, "create", "Fjord", "--currency", "DKK")
    assert result.returncode == 4
    assert "run `customer-gateway migrate`" in result.stderr


def test_the_role_that_serves_may_not_make_a_company(service_dsn: str) -> None:
    result = company_(service_dsn, "create", "Fjord", "--currency", "DKK")
    assert result.returncode == 2
    assert "OWNER_DATABASE_URL" in result.stderr


def test_the_owner_s_url_goes_before_the_service_s(owner_dsn: str) -> None:
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/nowhere"
    result = run("company", "create", "Fjord", "--currency", "DKK", DATABASE_URL=away, OWNER_DATABASE_URL=owner_dsn)
    assert result.returncode == 0


async def test_a_stored_time_zone_that_is_unknown_here_ends_an_import_with_a_message(
    owner_engine: AsyncEngine, service_dsn: str, tmp_path: Path
) -> None:
    company_id = await new_company(owner_engine)
    records = Records(owner_engine, company_id)
    child, parent = await records.customer(external_system_id="child"), await records.customer()
    subscription = await records.subscription(child)
    async with owner_engine.begin() as connection:
        # As after an update of the server that dropped the zone: the check is of what is written, not of what is there.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            update(tables.companies).where(tables.companies.c.id == company_id).values(time_zone="Europe/Atlantis")
        )
    path = tmp_path / "customers.jsonl"
    row = {
        "externalSystemId": "child",
        "parentCustomerId": str(parent),
        "subscriptionTransitions": [{"subscriptionId": str(subscription)}],
    }
    path.write_text(f"{json.dumps(row)}\n")

    result = run("import", path, "--company", str(company_id), DATABASE_URL=service_dsn)

    assert result.returncode == 2
    assert 'the company\'s time zone "Europe/Atlantis" is unknown' in result.stderr
    assert "customer-gateway company update" in result.stderr
