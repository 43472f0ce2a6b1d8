"""Upsert a list of contacts."""

from dataclasses import dataclass
from functools import partial

from app.db.rows import ContactRow
from app.domain.contact_fields import CONTACT
from app.domain.member_rows import canonical_row
from app.domain.upserts import ContactMatchKey
from app.services.contacts import CONTACTS
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert
from app.services.upsert_members import MemberRows, UpsertMembersCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertContactsCommand(UpsertMembersCommand):
    """A list of contacts to upsert."""

    match_by: ContactMatchKey = ContactMatchKey.EMAIL
    canonical_row = staticmethod(partial(canonical_row, CONTACT))


@dataclass(frozen=True, slots=True)
class ContactResult(RowResult):
    """The result of a row."""

    contact: ContactRow | None = None

    @property
    def shown(self) -> ContactRow | None:
        """The stored contact; None if there is none."""
        return self.contact


@dataclass(frozen=True, slots=True)
class UpsertContactsOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[ContactResult, ...]


_ROWS = MemberRows(CONTACTS, dict.fromkeys(CONTACT.fields) | {"is_default_for_customer": False})
upsert_contacts = Upsert(UpsertContactsOutcome, ContactResult, _ROWS.decide, _ROWS.write)
"""Upserts a list of contacts."""
