"""docs/getting-started.md: its commands lead from an empty PostgreSQL to the next messages of the billing system.

The commands that install the service are those of docs/operations.md, whose test runs them.
"""

import asyncio
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from app.db.dsn import with_role
from app.db.embedded import EmbeddedServer
from tests.support.billing_year import months_on, next_day, to_cents
from tests.support.commands import ROOT, free_port
from tests.support.databases import execute, with_database

PAGE = (ROOT / "docs" / "getting-started.md").read_text()
_BREAK = "\x1e"
"""Printed between the blocks."""
_SECONDS = 300
OWN, PARENT = "Havblik Kaffe ApS", "Nordlys Gruppen A/S"
IMPORTED = (2, 2, 4, 2, 2, 3)
"""Rows of the files, in the order in which they are imported."""


def blocks(language: str) -> list[str]:
    """Return the page's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(name="server_dsn", scope="module")
def _server_dsn() -> Generator[str]:
    """Return the URL of an own server: on the shared one, the role of all services exists and is another owner's.

    Its data aren't in a folder of pytest's, which another run of the tests closes to the server's user.
    """
    with (
        TemporaryDirectory(prefix="customer-gateway-") as folder,
        EmbeddedServer(Path(folder) / "data", durable=False) as server,
    ):
        yield server.dsn()


@pytest.fixture
def name(server_dsn: str) -> Generator[str]:
    """Return what stands in place of `first_company`, because the server is shared; drop everything of it on exit."""
    name = f"first_company_{uuid4().hex}"
    yield name
    drops = (
        f"DATABASE IF EXISTS {name} WITH (FORCE)",
        f"ROLE IF EXISTS {name}_service",
        f"ROLE IF EXISTS {name}_owner",
    )
    asyncio.run(execute(server_dsn, *(f"DROP {drop}" for drop in drops)))


def pasted(scripts: list[str], folder: Path) -> list[str]:
    """Return what each block prints when all are pasted into one shell, one after the other; each line must succeed."""
    between = f"printf '{_BREAK}'\n"
    # Ends the service if a block fails.
    script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + between.join(scripts)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={
            "PATH": path,
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "DATA_FOLDER": os.devnull,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    assert "Traceback" not in result.stderr
    return result.stdout.split(_BREAK)


def test_the_page_leads_from_an_empty_database_to_the_next_messages(server_dsn: str, name: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.fail("curl is needed: the page uses it")
    (create,) = blocks("sql")
    statements = [part for part in create.replace("first_company", name).split(";\n") if part.strip()]
    asyncio.run(execute(server_dsn, *statements))

    def here(url: re.Match[str]) -> str:
        return with_role(with_database(server_dsn, name), url[1].replace("first_company", name), url[2])

    port = free_port()
    scripts = [
        re.sub(r"postgresql://(\w+):([\w-]+)@localhost:5432/first_company", here, script).replace("8000", str(port))
        for script in blocks("sh")
    ]
    day = today()
    migrated, imported, mirrored, asked, previewed, changed, billed, _ = pasted(scripts, tmp_path)
    if today() != day:
        pytest.skip("midnight has passed in Copenhagen: amounts of two days are mixed")

    assert f'Created the role "{name}_service".' in migrated
    counts = [
        int(count)
        for count in re.findall(r"Rows: (\d+) created, 0 updated, 0 unchanged, 0 rejected\.", imported + mirrored)
    ]
    assert tuple(counts) == IMPORTED
    (printed,) = blocks("json")
    assert covers(answers(asked)[-1], json.loads(printed))
    check_transition(day, *answers(previewed), *answers(changed))
    check_messages(day, billed)


def today() -> date:
    """Return the company's day."""
    return datetime.now(ZoneInfo("Europe/Copenhagen")).date()


def covers(answer: Any, printed: Any) -> bool:
    """Whether an answer has everything that is printed, and maybe more fields."""
    if isinstance(printed, dict):
        fields = cast("dict[str, Any]", printed).items()
        return all(name in answer and covers(answer[name], value) for name, value in fields)
    if isinstance(printed, list):
        entries = cast("list[Any]", printed)
        return len(answer) == len(entries) and all(map(covers, answer, entries))
    return answer == printed


def answers(output: str) -> list[Any]:
    """Return the JSON objects of an output."""
    decoder, found, at = json.JSONDecoder(), list[Any](), 0
    while (at := output.find("{", at)) >= 0:
        value, at = decoder.raw_decode(output, at)
        found.append(value)
    return found


def check_transition(day: date, preview: Any, change: Any, afterwards: Any) -> None:
    """Check the billing documents by the days of the month that have passed."""
    start = day.replace(day=1)
    days, served = (months_on(start, 1, 1) - start).days, (day - start).days
    credit = ("CREDIT_NOTE", str(to_cents(Decimal(300) * (days - served) / days)), OWN)
    invoice = ("INVOICE", str(to_cents(Decimal(200) * served / days)), OWN)
    expected = {credit, invoice} if served else {credit}

    preview = preview["billingTransitionPreview"]
    assert [problem["code"] for problem in preview["errors"]] == ["SUBSCRIPTION_TRANSITIONS_REQUIRED"]
    assert len(preview["subscriptionTransitions"]) == 2
    change = change["updateCustomer"]
    assert change["errors"] == []
    assert change["transition"]["effectiveOn"] == day.isoformat()
    documents = afterwards["customer"]["billingDocuments"]
    for found in (preview["documents"], change["transition"]["documents"], documents):
        assert {(document["kind"], document["total"], document["payer"]["name"]) for document in found} == expected
    for subscription in afterwards["customer"]["subscriptions"]:
        stub, cut = subscription["periods"]
        assert (stub["startsOn"], stub["endsOn"]) == (day.isoformat(), next_day(day, 15).isoformat())
        assert (stub["payer"]["name"], cut["payer"]["name"]) == (PARENT, OWN)
        assert cut["cutOn"] == day.isoformat()


def check_messages(day: date, output: str) -> None:
    """Check that nothing is due before the billing day: the stubs run until then."""
    end = next_day(day, 15)
    assert output.splitlines() == [f"{key}: nothing is due before {end}" for key in ("fiber-3", "phone-3")]


@pytest.mark.parametrize(("day", "billed", "begins"), [(14, False, False), (15, True, True), (16, True, True)])
def test_the_small_billing_system_sends_what_is_due_on_the_day_and_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, day: int, *, billed: bool, begins: bool
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "examples" / "first-company"), *sys.path])
    program = importlib.import_module("billing_system")
    today = date(2026, 7, day)
    stub = {"startsOn": "2026-06-19", "endsOn": "2026-07-15", "netAmount": "260.00", "billedAmount": "0.00"}
    subscription = {
        "externalSystemId": "fiber-3",
        "version": 2,
        "billingDirection": "ADVANCE",
        "netAmount": "300.00",
        "periods": [stub],
    }

    row, following = program.billed(subscription, today), program.following(subscription, today)

    assert ((row is not None), (following is not None)) == (billed, begins)
    if row is not None and following is not None:
        assert row["currentPeriod"]["billedAmount"] == "260.00"
        assert following["currentPeriod"] == {
            "startsOn": "2026-07-15",
            "endsOn": "2026-08-15",
            "netAmount": "300.00",
            "billedAmount": "300.00",
            "billedOn": today.isoformat(),
        }
        subscription["periods"] = [following["currentPeriod"]]
        assert program.billed(subscription, today) is None
        assert program.following(subscription, today) is None
