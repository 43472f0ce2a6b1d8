"""The service with the settings of production, and a caller with credentials of both kinds."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.commands import ROOT, Process, free_port
from tests.support.prepared import prepared
from tests.support.started import settings_of
from tests.support.trust import TRUST


@dataclass
class Caller:
    """Where the service is, and a credential of each kind for one company."""

    dsn: str
    keys: DevelopmentKeys
    company: UUID
    api_key: str
    api_key_id: UUID
    account_id: UUID

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        token = self.keys.mint(self.company, tuple(Scope), "tester", timedelta(hours=1))
        return {
            "tester": {"authorization": f"Bearer {token}"},
            f"api-key:{self.api_key_id}": {"x-api-key": self.api_key},
        }


@contextmanager
def serving(caller: Caller, stderr: int | None, *options: str, port: int | None = None) -> Generator[str]:
    """The service with all settings at their defaults that may be, standard error closed for None; yields its URL and
    ends it."""
    port = port or free_port()
    settings = settings_of(caller.dsn, caller.keys, metrics="true")
    environment = {name.upper(): str(value) for name, value in settings.items()}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = _started(["serve", "--port", str(port), *options], kept, kept | environment, stderr)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"{url}/readyz", verify=TRUST).status_code == 200
                break
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _started(arguments: list[str], plain: dict[str, str], environment: dict[str, str], stderr: int | None) -> Process:
    if stderr is None:
        # Only a new interpreter starts with a stream that is closed.
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-W", "error", "-m", "app", *arguments]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    with Path(os.devnull).open("wb") as nowhere, os.fdopen(stderr, "wb", closefd=False) as errors:
        return prepared(plain).start(arguments, environment, nowhere, errors)
