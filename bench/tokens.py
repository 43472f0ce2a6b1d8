"""Tokens for the measured servers, and invalid ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys

_SUBJECT = "benchmark"
_LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs tokens with the benchmark's key."""

    keys: DevelopmentKeys

    @classmethod
    def in_folder(cls, folder: Path) -> "Issuer":
        """Return the issuer whose key is in this folder."""
        return cls(DevelopmentKeys(folder))

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that make a server trust it."""
        return {
            "JWT_PUBLIC_KEY_FILE": str(self.keys.public_key_file.absolute()),
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": AUDIENCE,
        }

    def token(self, company_id: UUID) -> str:
        """Return a token for reading and writing a company's customers."""
        return self.keys.mint(company_id, [Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE], _SUBJECT, _LIFETIME)

    def invalid(self, company_id: UUID) -> dict[str, str]:
        """Return invalid tokens by their defect."""
        good = self.token(company_id)
        head, claims, signature = good.split(".")
        other = self.keys.mint(UUID(int=company_id.int ^ 1), [Scope.CUSTOMERS_READ], _SUBJECT, _LIFETIME)
        return {
            "claims of another token": ".".join((head, other.split(".")[1], signature)),
            "an expired token": self.keys.mint(company_id, [Scope.CUSTOMERS_READ], _SUBJECT, timedelta(days=-1)),
            "no signature": f"{head}.{claims}.",
        }

    def without_scope(self, company_id: UUID) -> str:
        """Return a token that doesn't allow reading customers."""
        return self.keys.mint(company_id, [], _SUBJECT, _LIFETIME)
