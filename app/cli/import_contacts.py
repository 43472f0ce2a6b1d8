"""The import of contacts."""

from app.cli.import_members import Members
from app.domain.contact_fields import CONTACT
from app.services.upsert_contacts import UPSERT_CONTACTS, UpsertContactsCommand

CONTACTS = Members(
    CONTACT,
    "UpsertContactRow",
    UPSERT_CONTACTS,
    UpsertContactsCommand,
    flags=frozenset({"isDefaultForCustomer"}),
    numbers=frozenset({"name", "phone"}),
)
