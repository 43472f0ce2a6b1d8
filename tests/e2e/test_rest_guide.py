"""docs/rest.md: its commands give the answers that are printed, on the demo data of `dev`."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from httpx import AsyncClient

from app.db.seed import demo_company_id, seed
from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.commands import ROOT
from tests.support.databases import same_database
from tests.support.printed import MADE, pairs, translated
from tests.support.served import served
from tests.support.trust import TRUST

PAGE = (ROOT / "docs" / "rest.md").read_text()
STEP = re.compile(r"^( *)```sh\n(.*?)```\n\n *```(?:json|http)\n(.*?)```", re.DOTALL | re.MULTILINE)
DOCUMENTS = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
TIMESTAMP = re.compile(r'"timestamp": ?"[^"]*"')
AFTER = re.compile(r"after=[\w~.%-]+")


class Printed(NamedTuple):
    """A response, as it is printed or as it came: its first line and headers, where they are shown, and its body."""

    head: list[str]
    body: Any

    @classmethod
    def of(cls, text: str) -> "Printed":
        """Read a response; the cursor and the time differ in every run."""
        text = AFTER.sub("after=<cursor>", TIMESTAMP.sub('"timestamp": ""', text.replace("\r", "")))
        if not text.startswith("HTTP/"):
            return cls([], json.loads(text))
        head, _, body = text.partition("\n\n")
        return cls(head.strip().splitlines(), json.loads(body) if body.strip() else None)


@pytest_asyncio.fixture(loop_scope="session")
async def environment(migrated_dsn: str, service_dsn: str, tmp_path: Path) -> AsyncGenerator[dict[str, str]]:
    """The variables that the page's commands use, while the service runs on demo data."""
    # As `dev` does.
    await seed(migrated_dsn, companies=2, customers=300, seed=1, progress=lambda _done, _total: None)
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = {
        "DATABASE_URL": same_database(service_dsn, migrated_dsn),
        "JWT_PUBLIC_KEY_FILE": str(keys.public_key_file),
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }
    with served(tmp_path / "log", **settings) as service:
        token = keys.mint(demo_company_id(), Scope, "caller", timedelta(hours=1))
        yield {"URL": service.url, "TOKEN": token, "PATH": os.environ["PATH"]}


async def test_the_commands_of_the_page_give_the_answers_that_are_printed(environment: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        pytest.fail("curl is needed: the page uses it")
    steps = STEP.findall(PAGE)
    assert len(steps) == PAGE.count("```sh\n") == 6
    real: dict[str, str] = {}
    for indent, command, block in steps:
        here = with_real(without(indent, command), real)
        printed = Printed.of(without(indent, block))
        answer = Printed.of(await asyncio.to_thread(pasted, here, environment))
        real |= pairs(printed.body, answer.body)
        assert translated(printed.body, real) == answer.body, command
        assert set(translated(printed.head, real)) <= {*answer.head}, (command, answer.head)
    assert len({*real.values()}) == len(real)


async def test_the_documents_of_the_page_find_and_create_something(environment: dict[str, str]) -> None:
    query, mutation = DOCUMENTS
    found = await sent(environment, query, number="2")
    group = (await sent(environment, "{ customerGroups(first: 1) { id } }"))["customerGroups"][0]["id"]
    new = {"name": "Fjord ApS", "vatZone": "DOMESTIC", "customerGroupId": group}
    made = await sent(environment, mutation, input={**new, "countryCode": "DK", "defaultCurrency": "DKK"})

    assert [found["customer"]["customerGroupNumber"], found["customerGroups"][0]["number"]] == ["1", "1"]
    assert all((found["customer"]["contacts"], found["customer"]["departments"]))
    assert made["createCustomer"]["customer"]["customerNumber"]
    assert made["createCustomer"]["errors"] == []


async def sent(environment: dict[str, str], query: str, **variables: Any) -> dict[str, Any]:
    """Return the data that a document is answered with."""
    headers = {"authorization": f"Bearer {environment['TOKEN']}"}
    async with AsyncClient(base_url=environment["URL"], headers=headers, verify=TRUST) as client:
        answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]


def without(indent: str, text: str) -> str:
    """Return lines without their indentation in a list."""
    return re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)


def with_real(command: str, real: dict[str, str]) -> str:
    """Return a command with the ids of this run."""
    return MADE.sub(lambda found: real.get(found[0], found[0]), command)


def pasted(command: str, environment: dict[str, str]) -> str:
    """Return what a command prints."""
    result = subprocess.run(
        ["sh", "-euc", command], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return result.stdout
