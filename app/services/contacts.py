"""Creating, changing and removing contacts."""

from app.db import members as stored
from app.db.rows import ContactRow
from app.domain.contact_fields import CONTACT
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService


class CreateContactCommand(Command):
    """A contact to create."""


class UpdateContactCommand(Command):
    """A contact to change."""


class DeleteContactCommand(Command):
    """A contact to remove."""


CONTACTS = MemberService(CONTACT, stored.CONTACTS, MemberOutcome[ContactRow])
