"""The service for other programs: started by its command, with demo data of two companies."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.commands import free_port, running, wait_for_text


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, and the keys and companies of its callers."""

    url: str
    keys: DevelopmentKeys
    companies: tuple[UUID, ...]

    def token(self, company: int = 0, scopes: Iterable[Scope] = tuple(Scope)) -> str:
        """Return a token of one of the companies."""
        return self.keys.mint(self.companies[company], scopes, "conformance", timedelta(hours=1))

    def environment(self, company: int = 0) -> dict[str, str]:
        """Return the environment of a script that calls as one of the companies."""
        return {"SERVICE_URL": self.url, "SERVICE_TOKEN": self.token(company)}


@dataclass(frozen=True, slots=True)
class Seeded:
    """A database with demo data, as the role that serves."""

    dsn: str
    companies: tuple[UUID, ...]


@contextmanager
def serving(seeded: Seeded, folder: Path, **settings: str) -> Generator[Service]:
    """Run `serve` in a separate process, with additional settings."""
    keys, port, output = DevelopmentKeys(folder / "keys"), free_port(), folder / "output"
    environment = {
        "DATABASE_URL": seeded.dsn,
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
        "JWT_PUBLIC_KEY_FILE": str(keys.public_key_file),
        **settings,
    }
    with running("serve", "--port", str(port), output=output, **environment) as process:
        wait_for_text(process, output, "startup complete")
        yield Service(f"http://127.0.0.1:{port}/graphql", keys, seeded.companies)
