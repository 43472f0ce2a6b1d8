"""A deployment on this machine: its services, their addresses and their tokens."""

import json
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.deployed.compose import Container, container
from tests.deployed.sandbox import Running, Sandbox
from tests.support.issuer import sign
from tests.support.trust import TRUST

_SECONDS = 60


NUMBERS = count(1)


KEY = Ed25519PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A machine with the image and the database, and what its operator has set."""

    sandbox: Sandbox
    variables: dict[str, str]
    folder: Path

    def declared(self, service: str, *arguments: str, **variables: str) -> Container:
        """A service of the file with these variables changed."""
        declared = container(service, {**self.variables, **variables}, *arguments)
        # Stands in for the published port: every container listens on an address of its own.
        return replace(declared, environment={**declared.environment, "HOST": loopback_address(next(NUMBERS))})

    def attempt(self, service: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
        """How a service's command ends: exit code, standard output and standard error."""
        result = self.sandbox.run(self.declared(service, *arguments, **variables))
        assert "Traceback" not in result.stderr, result.stderr
        return result.returncode, result.stdout, result.stderr

    def command(self, *arguments: str, **variables: str) -> str:
        """What a command of the service `manage` prints on standard output; it must succeed."""
        code, printed, said = self.attempt("manage", *arguments, **variables)
        assert code == 0, (arguments, printed, said)
        return printed

    @contextmanager
    def serving(self, **variables: str) -> Generator["Served"]:
        """The service, once it is ready; in the end every line that it printed must be JSON."""
        output = self.folder / f"{secrets.token_hex(8)}.log"
        declared = self.declared("service", **variables)
        with self.sandbox.running(declared, output) as running:
            served = Served(address_of(declared), running, output)
            served.wait()
            yield served
        served.check_lines()


@dataclass(frozen=True, slots=True)
class Served:
    """A service that runs."""

    url: str
    running: Running
    output: Path

    def wait(self) -> None:
        """Wait until it is ready."""
        transport = httpx.HTTPTransport(retries=10, verify=TRUST)
        with httpx.Client(base_url=self.url, transport=transport, timeout=_SECONDS) as client:
            for _ in range(600):
                assert self.running.process.poll() is None, self.output.read_text()
                try:
                    if client.get("/readyz").status_code == 200:
                        return
                except httpx.TransportError:
                    continue
        pytest.fail(self.output.read_text())

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]

    def check_lines(self) -> None:
        """Every line is an object of JSON, and none tells of a failure."""
        for line in self.output.read_text().splitlines():
            assert isinstance(json.loads(line), dict), line
            assert "Traceback" not in line
            assert json.loads(line)["level"] in {"info", "warning"}, line


def address_of(declared: Container) -> str:
    """Where a container serves."""
    return f"http://{declared.environment['HOST']}:{declared.environment['PORT']}"


def loopback_address(last: int) -> str:
    """An address of this process, so that runs side by side may use the same ports."""
    return f"127.{os.getpid() >> 8 & 127 | 64}.{os.getpid() & 255}.{last}"


def token(company: str, *scopes: str, **claims: object) -> str:
    """A token of that issuer."""
    return sign(KEY, "deployed", company_id=company, scope=" ".join(scopes), **claims)
