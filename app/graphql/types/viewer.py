"""The type Viewer: the company and credential of the request."""

from datetime import datetime

import strawberry

from app.db import companies
from app.db.rows import CompanyRow
from app.domain.identity import Principal
from app.graphql.context import Info
from app.graphql.types.enums import Scope


@strawberry.type(description="The company that a credential belongs to. Data of other companies is never visible.")
class Company:
    """A company, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The company's id, a UUID.")
    name: str = strawberry.field(description="The company's name.")
    base_currency: str = strawberry.field(
        description="The currency of opening balances and ledgers, three letters (ISO 4217)."
    )
    time_zone: str = strawberry.field(
        description="The time zone that decides what today is, an IANA name such as `Europe/Copenhagen`."
    )


@strawberry.type(description="The credential of this request.")
class Viewer:
    """The principal of a credential."""

    subject: str = strawberry.field(description="The user or program that the credential was issued to.")
    expires_at: datetime | None = strawberry.field(
        description="When the credential stops working; null for an API key that doesn't expire."
    )

    @strawberry.field(description="The permissions that the credential carries.", graphql_type=list[Scope])
    @staticmethod
    def scopes(principal: strawberry.Parent[Principal]) -> list[Scope]:
        """Return the scopes in a stable order, because a set has no order."""
        return sorted(principal.scopes)

    @strawberry.field(
        description="The company that the credential belongs to; null if the service doesn't know the company.",
        graphql_type=Company | None,
    )
    @staticmethod
    async def company(info: Info) -> CompanyRow | None:
        """Read the company from the database: the credential has only its id."""
        return await companies.current(info.context.session)
