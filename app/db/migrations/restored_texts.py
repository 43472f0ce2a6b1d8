"""Convert texts that older releases stored into their stored form, for revision 0005.

Letters are composed and surrounding invisible characters removed, as in app/domain/texts.py. A text that can't be
converted (duplicate key, blank or too long afterwards) is kept and reported. Tables and columns have their names of
that revision.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.domain.texts import BLANKS, INVISIBLES, invisible_in, stored_form


@dataclass(frozen=True, slots=True)
class _Kind:
    """Text columns of a table."""

    table: str
    noun: str
    texts: Mapping[str, int]
    """Columns with their maximum number of characters."""
    keys: frozenset[str] = frozenset()
    """Columns that are unique in a company."""
    required: frozenset[str] = frozenset({"name"})
    """Columns that can't be null."""

    @property
    def company(self) -> str:
        """Name of the column with the company's id."""
        return "id" if self.table == "companies" else "company_id"


_NAME = {"name": 255}
_NUMBERED = frozenset({"number"})
_KINDS = (
    _Kind("companies", "company", _NAME),
    _Kind("api_keys", "API key", _NAME),
    _Kind("ledger_accounts", "ledger account", {"number": 50, **_NAME}, _NUMBERED, _NUMBERED | {"name"}),
    _Kind("customer_groups", "customer group", {"number": 50, **_NAME}, _NUMBERED, _NUMBERED | {"name"}),
    _Kind(
        "customers",
        "customer",
        {
            "customer_number": 50,
            "external_system_id": 255,
            **_NAME,
            **dict.fromkeys(("email", "phone", "address", "city", "postal_code", "vat_number", "website"), 255),
            "notes": 10_000,
        },
        frozenset({"customer_number", "external_system_id"}),
        frozenset({"customer_number", "name"}),
    ),
    _Kind("contacts", "contact", {**_NAME, "email": 255, "phone": 255}),
    _Kind("departments", "department", {**_NAME, "po_number": 255, "address": 255, "city": 255, "postal_code": 255}),
)


def restore_texts(connection: Connection) -> list[str]:
    """Convert all stored texts; return notes with the number of changes, and with the texts that were kept and why."""
    changed = 0
    notes: list[str] = []
    for kind in _KINDS:
        for column in kind.texts:
            changed += _restore_column(connection, kind, column, notes)
    if changed:
        notes.insert(
            0, f"Brought {changed} texts into Unicode's normal form C, without invisible characters around them."
        )
    return notes


def _restore_column(connection: Connection, kind: _Kind, column: str, notes: list[str]) -> int:
    # The server may follow a later version of Unicode, so this query finds candidates and Python decides.
    query = (
        f"SELECT {kind.company}, id, {column} FROM {kind.table}"  # noqa: S608 - names of this module
        f' WHERE normalize({column}) <> {column} OR {column} COLLATE "C" ~ :suspect ORDER BY {kind.company}, id'
    )
    suspect = f"[{INVISIBLES}]|" if column in kind.keys else ""
    suspect += f"^[{BLANKS}]|[{BLANKS}]$"
    changed = 0
    for company_id, row_id, stored in connection.execute(text(query), {"suspect": suspect}).all():
        about = f"The {_label(column)} {stored!a} of {kind.noun} {row_id} (company {company_id})"
        wanted = stored_form(stored)
        reason = None if wanted == stored else _obstacle(connection, kind, column, company_id, wanted)
        if reason is not None:
            notes.append(f"{about} stays as it is: {reason}")
        elif wanted != stored:
            _write(connection, kind, (company_id, row_id), column, wanted or None)
            changed += 1
        hidden = invisible_in(wanted) if column in kind.keys else None
        if hidden is not None:
            notes.append(
                f"{about} holds the invisible character {hidden}: it can be looked up, but no longer be written. Give"
                f" it another {_label(column)}."
            )
    return changed


def _obstacle(connection: Connection, kind: _Kind, column: str, company_id: object, wanted: str) -> str | None:
    """Return why a text can't be converted and what to do; None if it can."""
    label = _label(column)
    if not wanted and column in kind.required:
        return "no character of it is visible. Give it another one."
    if len(wanted) > kind.texts[column]:
        return f"it would have {len(wanted)} characters, more than {kind.texts[column]}. Give it a shorter one."
    if column in kind.keys and wanted:
        query = f"SELECT id FROM {kind.table} WHERE company_id = :company AND {column} = :wanted"  # noqa: S608 - as above
        other = connection.execute(text(query), {"company": company_id, "wanted": wanted}).scalar_one_or_none()
        if other is not None:
            return (
                f"{kind.noun} {other} has {wanted!a}, which looks the same. Both are kept, and that {label} finds"
                f" {other} alone. Give one of them another {label}, or merge the two."
            )
    return None


def _label(column: str) -> str:
    return column.replace("_", " ")


def _write(
    connection: Connection, kind: _Kind, identity: tuple[object, object], column: str, value: str | None
) -> None:
    company_id, row_id = identity
    statement = f"UPDATE {kind.table} SET {column} = :value WHERE {kind.company} = :company AND id = :id"  # noqa: S608 - as above
    connection.execute(text(statement), {"company": company_id, "id": row_id, "value": value})
