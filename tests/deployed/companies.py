"""Companies of a deployment, and whom they let in."""

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from tests.deployed.deployment import Deployment, token

Headers = dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """A company that the operator has made, and whom it lets in."""

    deployment: Deployment
    id: str

    @cache  # noqa: B019 - a key is made once for all tests of the module
    def credential(self, kind: str, *scopes: str) -> Headers:
        """The headers of a caller."""
        if kind == "token":
            return {"authorization": f"Bearer {token(self.id, *scopes)}"}
        named = [part for scope in scopes for part in ("--scope", scope)]
        made = self.deployment.command("api-key", "create", "--company", self.id, "--name", "test", *named)
        return {"x-api-key": made.strip()}


def new_company(deployment: Deployment, name: str) -> Company:
    """What `company create` makes, and says on standard output."""
    printed = deployment.command("company", "create", name, "--currency", "DKK")
    assert str(UUID(printed.strip())) + "\n" == printed
    return Company(deployment, printed.strip())
