"""Upsert a list of contacts."""

from dataclasses import dataclass, replace
from typing import Self

from app.db.rows import ContactRow
from app.domain.contact_fields import CONTACT
from app.domain.member_rows import canonical_row
from app.domain.upserts import ContactMatchKey
from app.services.contacts import CONTACTS
from app.services.row_results import RowResult
from app.services.upsert_members import UpsertMembersCommand, Upserts


@dataclass(frozen=True)
class UpsertContactsCommand(UpsertMembersCommand):
    """A list of contacts to upsert."""

    match_by: ContactMatchKey = ContactMatchKey.EMAIL

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(canonical_row(CONTACT, row) for row in self.rows))


@dataclass(frozen=True, slots=True)
class ContactResult(RowResult):
    """The result of a row."""

    contact: ContactRow | None = None
    """The stored contact; None if there is none."""

    @property
    def shown(self) -> ContactRow | None:
        """The stored row."""
        return self.contact


@dataclass(frozen=True, slots=True)
class UpsertContactsOutcome:
    """The results of all rows, in order."""

    results: tuple[ContactResult, ...]


UPSERT_CONTACTS = Upserts(
    CONTACTS,
    UpsertContactsOutcome,
    ContactResult,
    dict.fromkeys(CONTACT.fields) | {"is_default_for_customer": False},
)
