"""`dev`: a complete development service, with the embedded PostgreSQL, demo data and the explorer."""

import asyncio
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated
from uuid import UUID

import typer
import uvicorn

from app.cli.data import progress_bar, summary
from app.cli.first_query import welcome
from app.cli.owner import command_engine
from app.cli.program import installed_program
from app.cli.rolling import rolling
from app.cli.running import DATA_FOLDER_VARIABLE, DEVELOPMENT_FOLDER, Running, hold, require_free
from app.cli.serving import listen, server_config
from app.cli.tokens import DataFolder, development_token
from app.cli.worker import end_on_signals
from app.db.dsn import with_role
from app.db.embedded import EmbeddedServer, require_package
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from app.db.seed import company_to_show, demo_company_id, seed
from app.domain.identity import Scope
from app.settings import Settings, load_settings
from app.web.application import create_app
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from app.web.server import Server

_ROLE = "customer_gateway_dev"
_COMPANIES, _CUSTOMERS = 2, 300
_TOKEN_DAYS = 30
_GRACE_SECONDS = 3


def dev(
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on. Default: PORT.", min=0, max=65_535)] = None,
    data_folder: DataFolder = DEVELOPMENT_FOLDER,
) -> None:
    """Start PostgreSQL (unless DATABASE_URL is set), migrate it, write demo data once, roll it to today, and serve."""
    settings = load_settings(Settings.trusted_documents)
    end_on_signals()
    with ExitStack() as stack:
        if settings.owner_database_url is None and settings.database_url is None:
            require_package()
        # Check both before the slow steps, and the folder first, because its message mentions the port, too.
        require_free(data_folder)
        listener = stack.enter_context(listen(host or settings.host, settings.port if port is None else port))
        publish = stack.enter_context(hold(data_folder))
        keys = DevelopmentKeys(data_folder)
        owner_dsn = settings.owner_database_url or settings.database_url
        if owner_dsn is None:
            owner_dsn = stack.enter_context(EmbeddedServer(data_folder / "postgres")).dsn()
        service_dsn, company_id = prepare_database(owner_dsn, data_folder)
        stack.enter_context(rolling(owner_dsn, service_dsn))
        make_token = partial(development_token, keys, company_id, list(Scope), _TOKEN_DAYS)
        application = create_app(_development_settings(settings, service_dsn, keys), make_token)
        config = server_config(
            application,
            grace_seconds=_GRACE_SECONDS,
            reads_whole=settings.http_whole_requests,
            max_message_bytes=settings.max_body_bytes,
        )
        address = _address(listener)
        running = Running(
            address=address, database_url=service_dsn, owner_database_url=owner_dsn, company_id=company_id
        )

        def announce() -> None:
            publish(running)
            _say(welcome(address, make_token(), _program(data_folder), rest=settings.rest))

        _AnnouncingServer(config, announce).run(sockets=[listener])


class _AnnouncingServer(Server):
    """A server that calls a function once it listens, and shuts down gracefully even on repeated signals."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce: Callable[[], None] = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Ignore a second Ctrl-C: the grace period is short.
        if not self.should_exit:
            super().handle_exit(sig, frame)


def prepare_database(owner_dsn: str, data_folder: Path) -> tuple[str, UUID]:
    """Migrate, and write demo data if there is none. Return the service's connection URL, and the company to show."""
    upgrade(owner_dsn)
    password = _password(data_folder / "database-password")
    # Another checkout on the same server may have created the role with another password.
    asyncio.run(make_login_role(owner_dsn, _ROLE, password, reset_password=True))
    company_id = asyncio.run(_company_to_show(owner_dsn))
    if company_id is None:
        _say("Writing demo data.")
        with progress_bar("Writing demo data") as progress:
            report = asyncio.run(seed(owner_dsn, companies=_COMPANIES, customers=_CUSTOMERS, seed=1, progress=progress))
        _say(summary(report))
        company_id = demo_company_id()
    return with_role(owner_dsn, _ROLE, password), company_id


async def _company_to_show(owner_dsn: str) -> UUID | None:
    async with command_engine(owner_dsn) as engine:
        return await company_to_show(engine)


def _password(path: Path) -> str:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return path.read_text()


def _development_settings(settings: Settings, service_dsn: str, keys: DevelopmentKeys) -> Settings:
    development = {
        "database_url": service_dsn,
        "explorer": True,
        "webhooks_allow_private": True,
        "webhooks_allow_http": True,
        "log_format": settings.log_format if "log_format" in settings.model_fields_set else "console",
        "jwt_jwks_url": None,
        "jwt_public_key_file": keys.public_key_file,
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_company_claim": "company_id",
        "jwt_scope_claim": "scope",
    }
    return settings.model_copy(update=development)


def _address(listener: socket.socket) -> str:
    """Return the URL on this machine. Wildcard addresses can be listened on, but not connected to."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - replaced, not listened on
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _program(data_folder: Path) -> str:
    """Return the command line that runs this program in another shell, for this service's data folder."""
    prefix = "" if data_folder == DEVELOPMENT_FOLDER else f"{DATA_FOLDER_VARIABLE}={shlex.quote(str(data_folder))} "
    return f"{prefix}{installed_program()}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
