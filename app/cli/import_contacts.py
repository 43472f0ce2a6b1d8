"""The import of contacts."""

from app.cli.import_members import Members
from app.domain.contact_fields import CONTACT
from app.services.upsert_contacts import UpsertContactsCommand, upsert_contacts

CONTACTS = Members(
    CONTACT,
    "UpsertContactRow",
    UpsertContactsCommand,
    upsert_contacts,
    flags=frozenset({"isDefaultForCustomer"}),
    numbers=frozenset({"name", "phone"}),
)
