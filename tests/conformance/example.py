"""The example of another team's subgraph, started as its README says."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.web.development import AUDIENCE, ISSUER
from tests.support.commands import free_port
from tests.support.conformance_page import ROOT
from tests.support.seeded import Service
from tests.support.supergraph import EXAMPLE
from tests.support.trust import TRUST

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Example:
    """A subgraph that listens, and its schema in a file for composers."""

    url: str
    schema: Path

    def environment(self, service: Service, customer_id: str) -> dict[str, str]:
        """What a script needs to know of both subgraphs, two companies, and a customer of the first of them."""
        return {
            **service.environment(),
            "OTHER_TOKEN": service.token(1),
            "FOREIGN_CUSTOMER": customer_id,
            "SERVICE_SCHEMA": str(ROOT / "schema.graphql"),
            "EXAMPLE_SCHEMA": str(self.schema),
            "EXAMPLE_URL": self.url,
        }


@contextmanager
def example_serving(service: Service, folder: Path) -> Generator[Example]:
    """The example in a process of its own; it takes the tokens that the service takes."""
    url, schema = f"http://127.0.0.1:{free_port()}/graphql", folder / "invoices.graphql"
    issuer = {
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
        "JWT_PUBLIC_KEY_FILE": str(service.keys.public_key_file),
    }
    port = url.split(":")[2].partition("/")[0]
    command = ("-m", "uvicorn", "--app-dir", EXAMPLE, "--factory", "invoices:create_app", "--port", port)
    with (folder / "example").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **issuer}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            schema.write_text(_sdl(url, service.token(), process, Path(output.name)))
            yield Example(url, schema)
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _sdl(url: str, token: str, process: subprocess.Popen[bytes], output: Path) -> str:
    headers, deadline = {"authorization": f"Bearer {token}"}, time.monotonic() + _SECONDS
    while True:
        try:
            answer = httpx.post(url, json={"query": "{ _service { sdl } }"}, headers=headers, verify=TRUST)
        except httpx.ConnectError:
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        else:
            return answer.json()["data"]["_service"]["sdl"]
