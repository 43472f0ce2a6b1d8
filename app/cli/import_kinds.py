"""The table of what can be imported; a further kind is a module beside import_accounts.py and an entry here."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from app.cli.import_accounts import ACCOUNTS
from app.cli.import_customers import customers_by
from app.cli.import_kind import Kind
from app.domain.upserts import MatchKey


class Importable(NamedTuple):
    """What the command `import NAME FILE` imports."""

    help: str
    kind: Kind[Any] | Callable[[MatchKey], Kind[Any]]
    """A function if rows may be found by several keys: the option `--match-by` chooses one."""


KINDS: Mapping[str, Importable] = {
    "customers": Importable(
        "Create or update a company's customers from a file. Running it again changes nothing.", customers_by
    ),
    "accounts": Importable(
        "Create or update a company's ledger accounts, found by number, from a file. Running it again changes nothing.",
        ACCOUNTS,
    ),
}
"""By the name that is typed; the first one is the default."""
