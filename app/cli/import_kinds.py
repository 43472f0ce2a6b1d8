"""All kinds that can be imported. To add one, write a module such as import_accounts.py and add an entry here."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from app.cli.import_accounts import ACCOUNTS
from app.cli.import_customers import customers_by
from app.cli.import_kind import Kind
from app.domain.upserts import MatchKey


class Importable(NamedTuple):
    """The kind of one command `import NAME FILE`."""

    help: str
    kind: Kind[Any] | Callable[[MatchKey], Kind[Any]]
    """A function if rows may be matched by several keys; the option `--match-by` selects one."""


KINDS: Mapping[str, Importable] = {
    "customers": Importable(
        "Create or update a company's customers from a file. Running it again changes nothing.", customers_by
    ),
    "accounts": Importable(
        "Create or update a company's ledger accounts by number from a file. Running it again changes nothing.",
        ACCOUNTS,
    ),
}
"""The kinds by name; the first one is the default."""
