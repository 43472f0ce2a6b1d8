"""`demo`: a service configured as in production on one machine, with the embedded PostgreSQL and demo data."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer

from app.cli.api_keys import create_key
from app.cli.development import prepare_database
from app.cli.failures import CommandError, ExitCode
from app.cli.first_query import curl_line
from app.cli.rolling import rolling
from app.cli.running import DATA_FOLDER_VARIABLE, hold, require_free
from app.cli.serving import listen
from app.cli.tokens import development_token
from app.cli.worker import end_on_signals
from app.db.embedded import EmbeddedServer, require_package
from app.domain.identity import Scope
from app.settings import load_settings
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys

_DEMO_FOLDER = Path(".dev") / "demo"
_CREDENTIAL_DAYS = 1
_START_SECONDS = 60
_POLL_SECONDS = 0.1


def demo(
    port: Annotated[int | None, typer.Option(help="The port to listen on. Default: PORT.", min=0, max=65_535)] = None,
    workers: Annotated[int, typer.Option(help="Number of worker processes.", min=1, max=64)] = 2,
    data_folder: Annotated[
        Path,
        typer.Option(help="The folder for the demo's keys and data.", file_okay=False, envvar=DATA_FOLDER_VARIABLE),
    ] = _DEMO_FOLDER,
) -> None:
    """Run `serve` as in production, with metrics, an API key and a token, on an embedded PostgreSQL with demo data."""
    settings = load_settings()
    require_package()
    require_free(data_folder, command="demo")
    # Check the port before the slow steps. The service opens it again.
    with listen(settings.host, settings.port if port is None else port) as listener:
        port = listener.getsockname()[1]
    end_on_signals()
    with ExitStack() as stack:
        stack.enter_context(hold(data_folder, command="demo"))
        keys = DevelopmentKeys(data_folder)
        owner_dsn = stack.enter_context(EmbeddedServer(data_folder / "postgres")).dsn()
        service_dsn, company_id = prepare_database(owner_dsn, data_folder)
        stack.enter_context(rolling(owner_dsn, service_dsn))
        expires_at = datetime.now(UTC) + timedelta(days=_CREDENTIAL_DAYS)
        key = asyncio.run(create_key(owner_dsn, company_id, "demo", list(Scope), expires_at))
        token = development_token(keys, company_id, list(Scope), _CREDENTIAL_DAYS)
        environment = _environment(service_dsn, keys)
        arguments = ["serve", f"--port={port}", f"--workers={workers}"]
        service = stack.enter_context(_service(arguments, environment))
        address = f"http://{settings.host}:{port}"
        _wait_until_ready(service, f"{address}/readyz")
        sys.stdout.write(_welcome(address, arguments, environment, key, token, rest=settings.rest))
        sys.stdout.flush()
        sys.exit(service.wait())


def _environment(service_dsn: str, keys: DevelopmentKeys) -> dict[str, str]:
    """Return the settings of the service, as in production."""
    return {
        "DATABASE_URL": service_dsn,
        "METRICS": "true",
        "JWT_PUBLIC_KEY_FILE": str(keys.public_key_file.absolute()),
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }


@contextmanager
def _service(arguments: list[str], environment: Mapping[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """Run `serve` as a child process."""
    command = [sys.executable, "-m", "app", *arguments]
    # In a new session, Ctrl-C reaches only this process, which ends the service before its database.
    with subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True) as process:  # noqa: S603 - the arguments are fixed
        try:
            yield process
        finally:
            process.terminate()


def _wait_until_ready(service: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while service.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=_START_SECONDS):  # noqa: S310 - a local address
                return
        except (URLError, OSError):
            time.sleep(_POLL_SECONDS)
    msg = "The service did not start; its log is above."
    raise CommandError(msg, ExitCode.DIFFERENT)


def _welcome(
    address: str, arguments: list[str], environment: Mapping[str, str], key: str, token: str, *, rest: bool
) -> str:
    endpoint = f"{address}/graphql"
    shown = {name: value for name, value in environment.items() if name != "DATABASE_URL"}
    return "\n".join(
        (
            "",
            f"Runs      customer-gateway {' '.join(arguments)}",
            (
                "With      DATABASE_URL (a role that owns nothing),"
                f" {', '.join(f'{name}={value}' for name, value in shown.items())}"
            ),
            f"GraphQL   {endpoint}",
            *((f"REST      {address}/v1/customers; all endpoints: {address}/v1/openapi.json",) if rest else ()),
            f"Metrics   {address}/metrics",
            f"Health    {address}/livez, {address}/readyz",
            f"API key   {key}",
            f"Token     {token}",
            "",
            (
                "The log is JSON on standard error. Ctrl-C stops the service and its database. A query by API"
                " key and one by token:"
            ),
            "",
            curl_line(endpoint, f"x-api-key: {key}"),
            curl_line(endpoint, f"authorization: Bearer {token}"),
            "",
        )
    )
