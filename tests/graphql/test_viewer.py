"""Who is asking: what the credential says, and the company that it belongs to."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.records import new_company

VIEWER = "{ viewer { subject expiresAt scopes company { id name baseCurrency timeZone } } }"


async def test_the_viewer_shows_the_credential_and_its_company(database: Database, owner_engine: AsyncEngine) -> None:
    company = await new_company(owner_engine, name="Nord ApS", base_currency="SEK", time_zone="Europe/Stockholm")
    until = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)

    data = await Caller(database, company, subject="anne", expires_at=until).data(VIEWER)

    assert data["viewer"] == {
        "subject": "anne",
        "expiresAt": "2026-12-31T23:00:00.000000Z",
        "scopes": [
            *("ACCOUNTS_READ", "ACCOUNTS_WRITE", "CUSTOMERS_READ", "CUSTOMERS_WRITE", "SUBSCRIPTIONS_WRITE"),
            *("WEBHOOKS_READ", "WEBHOOKS_WRITE"),
        ],
        "company": {
            "id": str(company),
            "name": "Nord ApS",
            "baseCurrency": "SEK",
            "timeZone": "Europe/Stockholm",
        },
    }


async def test_a_credential_without_scopes_or_end_may_ask_who_it_is(database: Database, company: UUID) -> None:
    data = await Caller(database, company, scopes=()).data(VIEWER)
    assert (data["viewer"]["scopes"], data["viewer"]["expiresAt"]) == ([], None)
    assert data["viewer"]["company"]["timeZone"] == "Europe/Copenhagen"


async def test_a_company_that_is_not_known_here_is_null(database: Database) -> None:
    data = await Caller(database, uuid4(), scopes=[Scope.CUSTOMERS_READ]).data(VIEWER)
    assert data["viewer"] == {
        "subject": "tester",
        "expiresAt": None,
        "scopes": ["CUSTOMERS_READ"],
        "company": None,
    }
