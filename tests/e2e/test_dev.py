"""`dev` as a newcomer uses it: start, paste the query, Ctrl-C, start again."""

import asyncio
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from app.db.seed import demo_company_id, seed
from tests.e2e.dev import assert_nested, database_pid, pasted
from tests.support.commands import free_port, is_running, run, running, running_anew, wait_for_text
from tests.support.databases import execute
from tests.support.listening import assert_upgrades_are_ignored
from tests.support.trust import TRUST

_LISTENS = "\ncurl "


def test_the_printed_query_answers_ctrl_c_ends_everything_and_the_data_are_kept(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with running_anew("dev", "--data-folder", folder, output=first, PORT=str(free_port())) as process:
        answer = pasted(wait_for_text(process, first, _LISTENS))
        assert_nested(answer)
        database = database_pid(folder)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) in {0, 130}
    assert not is_running(database)
    with running("dev", "--data-folder", folder, output=second, PORT=str(free_port())) as process:
        assert pasted(wait_for_text(process, second, _LISTENS)) == answer
        database = database_pid(folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, 143}
    assert not is_running(database)
    assert "Wrote" in first.read_text()
    assert "Wrote" not in second.read_text()
    assert "Traceback" not in first.read_text() + second.read_text()


def test_it_prints_where_it_is_and_a_token_and_serves_the_explorer(folder: Path, tmp_path: Path) -> None:
    output, port = tmp_path / "output", free_port()
    with running("dev", "--data-folder", folder, "--port", str(port), output=output) as process:
        printed = wait_for_text(process, output, _LISTENS)
        url = f"http://127.0.0.1:{port}/graphql"
        assert f"http://127.0.0.1:{port}\n" in printed
        assert f"Explorer  {url} " in printed
        described = f"http://127.0.0.1:{port}/v1/docs"
        assert f"REST      {described} " in printed
        assert httpx.get(described, verify=TRUST).headers["content-type"].partition(";")[0] == "text/html"
        page = httpx.get(url, headers={"accept": "text/html"}, verify=TRUST)
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
        assert_upgrades_are_ignored(port)
        query = {"query": "{ viewer { company { name } } }"}
        assert httpx.post(url, json=query, verify=TRUST).status_code == 401
        token = re.search(r"^Token +(\S+)$", printed, re.MULTILINE)
        assert token is not None
        minted = run("token", "--data-folder", folder).stdout.strip()
        # The explorer's page is this service's own, and so gets a token by itself; another site's doesn't.
        assert 'name="sign-in"' in page.text
        of_the_page, of_another = [
            httpx.post(f"http://127.0.0.1:{port}/explorer/sign-in", headers={"origin": origin}, verify=TRUST)
            for origin in (f"http://127.0.0.1:{port}", "http://evil.example")
        ]
        assert of_another.status_code == 403
        for bearer in (token[1], minted, of_the_page.json()["token"]):
            answer = httpx.post(url, json=query, headers={"authorization": f"Bearer {bearer}"}, verify=TRUST)
            assert answer.status_code == 200
            assert answer.json()["data"]["viewer"]["company"]["name"]
        # What it keeps secret is readable by its owner alone.
        for name in ("database-password", "signing-key.pem"):
            assert (folder / name).stat().st_mode & 0o077 == 0


def test_what_a_killed_one_left_behind_is_not_believed_and_ended_by_the_next(folder: Path, tmp_path: Path) -> None:
    output, told = tmp_path / "output", folder / "running.json"
    with running("dev", "--data-folder", folder, "--port", "0", output=output) as process:
        wait_for_text(process, output, _LISTENS)
        leftover = database_pid(folder)
        process.kill()
        process.wait(30)
    assert is_running(leftover)
    assert told.exists()
    assert run("seed", DATA_FOLDER=str(folder)).returncode == 2
    with running("dev", "--data-folder", folder, "--port", "0", output=output) as process:
        assert_nested(pasted(wait_for_text(process, output, _LISTENS)))
        assert not is_running(leftover)
    assert not told.exists()


def test_a_second_start_beside_the_first_is_rejected(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with running("dev", "--data-folder", folder, "--port", "0", output=output) as process:
        wait_for_text(process, output, _LISTENS)
        (address,) = re.findall(r"^Service +(\S+)$", output.read_text(), re.MULTILINE)
        second = run("dev", "--data-folder", folder, "--port", "0")
        assert second.returncode == 5
        assert f"already runs on the data folder {folder} and serves {address}" in second.stderr
        assert process.poll() is None
        # What it says to set is what a second one needs.
        variables = dict(re.findall(r"([A-Z_]+)=(\S+)", second.stderr))
        assert variables.keys() == {"DATA_FOLDER", "PORT"}
        third = tmp_path / "third"
        with running("dev", output=third, DATA_FOLDER=variables["DATA_FOLDER"], PORT=str(free_port())) as beside:
            assert_nested(pasted(wait_for_text(beside, third, _LISTENS)))


def test_the_other_commands_find_its_database_while_it_runs_and_serve_does_not(folder: Path, tmp_path: Path) -> None:
    output, told = tmp_path / "output", folder / "running.json"
    create = [
        "api-key",
        "create",
        "--name",
        "Billing",
        "--scope",
        "customers-read",
        "--company",
        str(demo_company_id()),
    ]
    with running("dev", "--data-folder", folder, "--port", "0", output=output) as process:
        printed = wait_for_text(process, output, _LISTENS)
        assert re.search(
            rf"^Commands  DATA_FOLDER={re.escape(str(folder))} \S*customer-gateway --help ", printed, re.MULTILINE
        )
        assert told.stat().st_mode & 0o777 == 0o600
        created = run(*create, DATA_FOLDER=str(folder))
        assert created.returncode == 0, created.stderr
        assert created.stderr == f"Using the database of the running `customer-gateway dev` ({folder}).\n"
        for command in (["migrate"], ["seed", "--companies", "1", "--customers", "5", "--seed", "9"]):
            assert run(*command, DATA_FOLDER=str(folder)).returncode == 0
        accounts = tmp_path / "accounts.csv"
        accounts.write_text("number;name\n99001;Salg\n")
        imported = run("import", "accounts", accounts, DATA_FOLDER=str(folder))
        assert (imported.returncode, imported.stdout) == (0, "Rows: 1 created, 0 updated, 0 unchanged, 0 rejected.\n")
        assert imported.stderr.splitlines() == [
            f"Using the database of the running `customer-gateway dev` ({folder}).",
            f"Using the company {demo_company_id()}; --company selects another.",
            f"Reading {accounts}: UTF-8, cells separated by semicolons.",
        ]
        (address,) = re.findall(r"^Service +(\S+)$", printed, re.MULTILINE)
        query = {"query": '{ customer(by: {customerNumber: "2"}) { name } }'}
        answer = httpx.post(
            f"{address}/graphql", json=query, headers={"x-api-key": created.stdout.strip()}, verify=TRUST
        ).json()
        assert answer["data"]["customer"]["name"]
        assert "DATABASE_URL is not set" in run("serve", DATA_FOLDER=str(folder)).stderr
    assert not told.exists()
    after = run(*create, DATA_FOLDER=str(folder))
    assert after.returncode == 2
    assert f"no `customer-gateway dev` runs on the data folder {folder}" in after.stderr


def test_with_a_database_of_its_own_choice_it_starts_none(empty_dsn: str, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    try:
        with running("dev", "--data-folder", folder, "--port", "0", output=output, DATABASE_URL=empty_dsn) as process:
            assert_nested(pasted(wait_for_text(process, output, _LISTENS)))
            assert not (folder / "postgres").exists()
    finally:
        asyncio.run(execute(empty_dsn, "DROP ROLE IF EXISTS customer_gateway_dev"))


def test_old_demo_data_is_rolled_to_today_once(migrated_dsn: str, folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    seeded_on = datetime.now(UTC).date() - timedelta(days=100)
    asyncio.run(seed(migrated_dsn, companies=2, customers=30, today=seeded_on, progress=lambda _done, _total: None))
    rolled = re.compile(r"^Rolled \d+ demo subscriptions to today, with \d+ messages in \d+\.\d s\.$", re.MULTILINE)
    try:
        with running("dev", "--data-folder", folder, "--port", "0", output=first, DATABASE_URL=migrated_dsn) as process:
            wait_for_text(process, first, _LISTENS)
            assert len(rolled.findall(wait_for_text(process, first, "Rolled "))) == 1
        with running(
            "dev", "--data-folder", folder, "--port", "0", output=second, DATABASE_URL=migrated_dsn
        ) as process:
            printed = pasted(wait_for_text(process, second, _LISTENS))
            assert_nested(printed)
        assert "Rolled" not in second.read_text()
        assert "Traceback" not in first.read_text() + second.read_text()
    finally:
        asyncio.run(execute(migrated_dsn, "DROP ROLE IF EXISTS customer_gateway_dev"))
