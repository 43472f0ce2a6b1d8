"""docs/operations.md, followed to the letter: its commands lead from nothing to a customer that is written and read."""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import pytest_asyncio

from tests.deployed.compose import ROOT, Container
from tests.deployed.deployment import Served, address_of, loopback_address, token
from tests.deployed.image import copy_dependencies
from tests.deployed.sandbox import Sandbox, copied, require_sandbox
from tests.deployed.server import postgres_with_tls, require_server
from tests.support.issuer import Issuer

GUIDE = ROOT / "docs" / "operations.md"
HOST, ISSUER, AUDIENCE = "db.example.com", "https://login.example.com", "https://billing.example.com"
SETTINGS, PROGRAMS = "/etc/customer-gateway", "/opt/customer-gateway"
USER = 10001
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Steps:
    """The blocks of the guide's first installation."""

    install: str
    create: str
    service: str
    owner: str
    migrate: str
    unit: str
    use: str


@pytest.fixture(scope="module")
def steps() -> Steps:
    """What an operator would paste."""
    section = GUIDE.read_text().partition("## First installation\n")[2].partition("\n## ")[0]
    found = re.findall(r"```(sh|sql|ini)\n(.*?)```", section, re.DOTALL)
    assert [language for language, _ in found] == ["sh", "sql", "ini", "ini", "sh", "ini", "sh"]
    return Steps(*(text for _, text in found))


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of an operator: a checkout, folders of its own below /etc and /opt, and a database that has a name."""

    folder: Path
    programs: Path
    """What is at /opt/customer-gateway."""
    address: str

    @property
    def settings(self) -> Path:
        """What is at /etc/customer-gateway."""
        return self.folder / "etc"

    def install(self, script: str) -> str:
        """What the first step prints; its lines that install dependencies run once for each lock file and text."""
        environment, requirements, *rest = script.splitlines()
        assert "requirements/service.txt" in requirements
        python = self.paste("python3 -c 'import sys; print(sys.version, sys.base_prefix)'")

        def install_dependencies(into: Path) -> None:
            replace(self, programs=into).paste(f"{environment}\n{requirements}")

        copy_dependencies(f"{environment}\n{requirements}\n{python}", self.programs, install_dependencies)
        return self.paste("\n".join(rest))

    def paste(self, script: str, **variables: str) -> str:
        """What a script prints in the administrator's shell; each of its lines must succeed."""
        result = subprocess.run(
            [*self._shell(), "bash", "-euo", "pipefail", "-c", script],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            umask=0o022,
        )
        assert result.returncode == 0, f"{script}\n{result.stdout}\n{result.stderr}"
        assert "Traceback" not in result.stderr
        return result.stdout

    def _shell(self) -> Iterator[str]:
        yield from ("bwrap", "--dev-bind", "/", "/", "--tmpfs", "/opt", "--tmpfs", "/etc", "--die-with-parent")
        for entry in Path("/etc").iterdir():
            if entry.name not in {"hosts", Path(SETTINGS).name}:
                yield from copied(entry)
        yield from ("--ro-bind", str(self.folder / "hosts"), "/etc/hosts")
        yield from ("--bind", str(self.settings), SETTINGS, "--bind", str(self.programs), PROGRAMS)
        yield from ("--chdir", str(self.folder / "checkout"))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def machine(steps: Steps, issuer: Issuer) -> AsyncGenerator[Machine]:
    """The machine before the first step that isn't the database administrator's."""
    require_sandbox()
    require_server()
    if shutil.which("curl") is None:
        pytest.fail("curl is needed: the guide uses it")
    address = loopback_address(250)
    owner, service = secrets.token_hex(8), secrets.token_hex(8)
    with TemporaryDirectory(prefix="customer-gateway-") as path, TemporaryDirectory(prefix="customer-gateway-") as data:
        machine = Machine(Path(path), Path(path) / "opt", address)
        prepare(machine.folder)
        (machine.folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {HOST}\n")
        (machine.settings / "owner-password").write_text(f"{owner}\n")
        (machine.settings / "service-password").write_text(f"{service}\n")
        (machine.settings / "owner.env").write_text(steps.owner)
        url = re.search(r"JWT_JWKS_URL=(.*)", steps.service)
        assert url is not None
        (machine.settings / "service.env").write_text(steps.service.replace(url[1], issuer.url))
        created = steps.create.replace("the owner''s password", owner)
        statements = [statement for statement in created.split(";\n") if statement.strip()]
        async with postgres_with_tls(Path(data), HOST, address, secrets.token_hex(8), *statements) as certificate:
            shutil.copy(certificate, machine.settings / "db-ca.pem")
            yield machine


def prepare(folder: Path) -> None:
    """A checkout without what git ignores but the explorer, which takes long to build, and the two folders."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    built = (ROOT / "app" / "web" / "explorer_bundle").rglob("*")
    for path in (*(ROOT / name for name in names if name), *built):
        if path.is_file():
            target = folder / "checkout" / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (folder / "etc").mkdir(mode=0o755)
    (folder / "opt").mkdir(mode=0o755)
    folder.chmod(0o755)


def environment(settings: str) -> dict[str, str]:
    """What systemd makes of an EnvironmentFile."""
    lines = [line for line in settings.splitlines() if line and not line.startswith("#")]
    return {name: "".join(shlex.split(value)) for name, _, value in (line.partition("=") for line in lines)}


def unit_option(unit: str, name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return value


async def test_the_guide_leads_from_nothing_to_a_customer(steps: Steps, machine: Machine) -> None:
    assert "customer-gateway" in machine.install(steps.install)
    kept = 'printf "%s\\n" "$COMPANY" "$API_KEY"'
    *said, company, key = machine.paste(f"{steps.migrate}\n{kept}").splitlines()
    assert said[-1] == 'Created the role "customer_gateway".'
    assert key.startswith("cgk_")

    sandbox = Sandbox(None, {"localhost": "127.0.0.1", HOST: machine.address}, machine.folder)
    given = environment((machine.settings / Path(unit_option(steps.unit, "EnvironmentFile")).name).read_text())
    service = Container(
        command=tuple(unit_option(steps.unit, "ExecStart").split()),
        environment={**given, "HOST": machine.address, "PORT": "8000"},
        user=USER,
        folder="/srv",
        is_read_only=True,
        tmpfs=("/tmp",),  # noqa: S108 - PrivateTmp
        mounts={PROGRAMS: str(machine.programs), SETTINGS: str(machine.settings)},
    )
    assert unit_option(steps.unit, "PrivateTmp") == "yes"
    output = machine.folder / "service.log"
    with sandbox.running(service, output) as running:
        served = Served(address_of(service), running, output)
        served.wait()
        bearer = token(company, "customers-read", iss=ISSUER, aud=AUDIENCE)
        script = steps.use.replace("http://127.0.0.1:8000", served.url)
        printed = machine.paste(script, COMPANY=company, API_KEY=key, TOKEN=bearer)
    created, read = (json.loads(line) for line in documents(printed))
    assert created["data"]["createCustomer"]["errors"] == []
    customer = {"customerNumber": "1", "name": "Nordlys A/S", "group": {"name": "Domestic"}}
    assert read == {"data": {"customers": {"nodes": [customer]}}}
    served.check_lines()
    operations = [line for line in served.lines() if line["event"] == "operation"]
    assert [line["status"] for line in operations] == [200] * 4
    assert {line["subject"].partition(":")[0] for line in operations} == {"api-key", "ada"}


def documents(printed: str) -> list[str]:
    """The answers, which end without a line break."""
    decoder, found, at = json.JSONDecoder(), list[Any](), 0
    while at < len(printed.rstrip()):
        value, at = decoder.raw_decode(printed, at)
        found.append(json.dumps(value))
        at += len(printed[at:]) - len(printed[at:].lstrip())
    return found
