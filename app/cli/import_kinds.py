"""All kinds that can be imported. To add one, write a module such as import_accounts.py and add an entry here."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from app.cli.import_accounts import ACCOUNTS
from app.cli.import_contacts import CONTACTS
from app.cli.import_customers import customers_by
from app.cli.import_departments import DEPARTMENTS
from app.cli.import_groups import GROUPS
from app.cli.import_kind import Kind
from app.cli.import_subscriptions import SUBSCRIPTIONS
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey, MatchKey


class Importable(NamedTuple):
    """The kind of one command `import NAME FILE`."""

    help: str
    kind: Kind[Any] | Callable[[Any], Kind[Any]]
    """A function if rows may be matched by several keys; the option `--match-by` selects one."""
    match_by: StrEnum | None = None
    """The default of `--match-by`, one of the keys; None if there is no choice."""

    def by(self, key: StrEnum | None) -> Kind[Any]:
        """Return the kind whose rows are matched by a key."""
        return self.kind(key) if callable(self.kind) else self.kind

    @property
    def default(self) -> Kind[Any]:
        """The kind without options."""
        return self.by(self.match_by)


KINDS: Mapping[str, Importable] = {
    "customers": Importable(
        "Create or update a company's customers from a file. Running it again changes nothing.",
        customers_by,
        MatchKey.EXTERNAL_SYSTEM_ID,
    ),
    "accounts": Importable(
        "Create or update a company's ledger accounts by number from a file. Running it again changes nothing.",
        ACCOUNTS,
    ),
    "groups": Importable(
        "Create or update a company's customer groups by number or id from a file. Running it again changes nothing.",
        GROUPS,
    ),
    "contacts": Importable(
        "Create or update contacts of a company's customers from a file. Running it again changes nothing.",
        CONTACTS.by,
        ContactMatchKey.EMAIL,
    ),
    "departments": Importable(
        "Create or update departments of a company's customers from a file. Running it again changes nothing.",
        DEPARTMENTS.by,
        DepartmentMatchKey.NAME,
    ),
    "subscriptions": Importable(
        "Mirror subscriptions from a file of the billing system. Running it again changes nothing.", SUBSCRIPTIONS
    ),
}
"""The kinds by name; the first one is the default."""
