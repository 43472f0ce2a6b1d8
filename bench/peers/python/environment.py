"""What every server of the benchmark is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bench.peers.python.tokens import Tokens

POOL_SIZE = 10


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one peer."""

    port: int
    database_url: str
    company_id: UUID
    """Whose customers are served where nobody is asked for a token."""
    metadata_by_index: bool
    """Whether metadata is found through the GIN index instead of the side table."""
    tokens: Tokens | None
    """Who may ask; None where everybody may, and the tables' owner connects."""

    @classmethod
    def read(cls) -> "Environment":
        """The settings of this process."""
        production = os.environ["MODE"] == "production"
        return cls(
            port=int(os.environ["PORT"]),
            database_url=os.environ["DATABASE_URL"],
            company_id=UUID(os.environ["COMPANY_ID"]),
            metadata_by_index=os.environ["METADATA"] == "gin",
            tokens=_tokens() if production else None,
        )


def _tokens() -> Tokens:
    key = Path(os.environ["JWT_PUBLIC_KEY_FILE"]).read_bytes()
    return Tokens(key, issuer=os.environ["JWT_ISSUER"], audience=os.environ["JWT_AUDIENCE"])
