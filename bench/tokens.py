"""Tokens that the measured servers accept, and some that they must not."""

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
    """Signs tokens with a key of this benchmark's own."""

    keys: DevelopmentKeys

    @classmethod
    def in_folder(cls, folder: Path) -> "Issuer":
        """The issuer whose key is kept there."""
        return cls(DevelopmentKeys(folder))

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells a server to trust it."""
        return {
            "JWT_PUBLIC_KEY_FILE": str(self.keys.public_key_file.absolute()),
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": AUDIENCE,
        }

    def token(self, company_id: UUID) -> str:
        """A token to read a company's customers."""
        return self.keys.mint(company_id, [Scope.CUSTOMERS_READ], _SUBJECT, _LIFETIME)

    def refused(self, company_id: UUID) -> dict[str, str]:
        """Tokens that no server may accept, by what is wrong with each."""
        good = self.token(company_id)
        head, claims, signature = good.split(".")
        other = self.keys.mint(UUID(int=company_id.int ^ 1), [Scope.CUSTOMERS_READ], _SUBJECT, _LIFETIME)
        return {
            "claims of another token": ".".join((head, other.split(".")[1], signature)),
            "an expired token": self.keys.mint(company_id, [Scope.CUSTOMERS_READ], _SUBJECT, timedelta(days=-1)),
            "no signature": f"{head}.{claims}.",
        }

    def without_scope(self, company_id: UUID) -> str:
        """A token of somebody who may not read customers."""
        return self.keys.mint(company_id, [], _SUBJECT, _LIFETIME)
