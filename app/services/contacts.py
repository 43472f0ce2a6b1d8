"""Create, update and delete contacts."""

from dataclasses import replace
from typing import Self

from app.db import members as stored
from app.db.rows import ContactRow
from app.domain.contact_fields import CONTACT
from app.domain.events import EventType
from app.domain.members import canonical
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService
from app.services.recording import Recording


class _ContactCommand(Command):
    @property
    def canonical(self) -> Self:
        return replace(self, given=canonical(CONTACT, self.given))


class CreateContactCommand(_ContactCommand):
    """A contact to create."""


class UpdateContactCommand(_ContactCommand):
    """A contact to update."""


class DeleteContactCommand(_ContactCommand):
    """A contact to delete."""


CONTACTS = MemberService(
    CONTACT,
    stored.CONTACTS,
    MemberOutcome[ContactRow],
    Recording(
        ("customer_id", *CONTACT.fields),
        EventType.CONTACT_CREATED,
        EventType.CONTACT_UPDATED,
        identity="customer_id",
        deleted=EventType.CONTACT_DELETED,
        owner="customer_id",
    ),
)
