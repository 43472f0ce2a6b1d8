"""The authenticated caller: the company, the subject and the scopes of a credential."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """A permission that a credential grants."""

    CUSTOMERS_READ = "customers-read"
    CUSTOMERS_WRITE = "customers-write"
    ACCOUNTS_READ = "accounts-read"
    ACCOUNTS_WRITE = "accounts-write"
    SUBSCRIPTIONS_WRITE = "subscriptions-write"
    WEBHOOKS_READ = "webhooks-read"
    WEBHOOKS_WRITE = "webhooks-write"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller. The company is always taken from here, never from an argument."""

    company_id: UUID
    subject: str
    scopes: frozenset[Scope]
    expires_at: datetime | None
    """When the credential stops being valid, in UTC; None for an API key without expiry."""
