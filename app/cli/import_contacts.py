"""The import of contacts."""

from app.cli.import_members import ImportedMembers
from app.domain.contact_fields import CONTACT
from app.services.upsert_contacts import UpsertContactsCommand, upsert_contacts

CONTACTS = ImportedMembers(
    CONTACT,
    "UpsertContactRow",
    UpsertContactsCommand,
    upsert_contacts,
    flags=frozenset({"isDefaultForCustomer"}),
    numbers=frozenset({"name", "phone"}),
)
