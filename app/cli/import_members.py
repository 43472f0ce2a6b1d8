"""What the imports of contacts and of departments share."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from app.cli.import_cells import parse_flag, parse_whole
from app.cli.import_kind import CUSTOMER_KEY_FIELDS, CUSTOMER_NUMBERS, Kind, RowKey, UpsertRows, given_keys, other_keys
from app.cli.import_rows import Columns, by_attribute
from app.domain.fields import schema_name
from app.domain.member_rows import MemberMatchKey, read_member_keys, read_member_row, row_attributes
from app.domain.members import MemberKind
from app.services.upsert_members import UpsertMembersCommand

Row = Mapping[str, object]


class ImportedMembers(NamedTuple):
    """The members of customers that one command imports."""

    kind: MemberKind
    input_type: str
    command: Callable[..., UpsertMembersCommand]
    upsert: UpsertRows
    flags: frozenset[str]
    """The columns of booleans."""
    numbers: frozenset[str]
    """The columns of names and keys that may consist of digits."""

    def by(self, match_by: MemberMatchKey) -> Kind[Row]:
        """Return the kind whose rows without an id are matched by a key among the members of their customer."""
        key = schema_name(match_by.attribute)
        names, row = by_attribute(row_attributes(self.kind), {"customer": CUSTOMER_KEY_FIELDS})
        return Kind(
            columns=Columns(
                f"{self.kind.noun}s",
                self.input_type,
                names,
                row,
                cells={**dict.fromkeys(self.flags, parse_flag), "expectedVersion": parse_whole},
                numbers=self.numbers | CUSTOMER_NUMBERS,
                objects={"customer": [schema_name(name) for name in CUSTOMER_KEY_FIELDS]},
            ),
            key=key,
            keys=lambda row: _keys(self.kind, row, match_by),
            problems=lambda row: read_member_row(self.kind, row, match_by, creating=False)[1],
            command=partial(self.command, match_by=match_by),
            upsert=self.upsert,
            other_keys=other_keys(match_by),
            owner="customer",
            has_ids=True,
        )


def _keys(kind: MemberKind, row: Row, match_by: MemberMatchKey) -> Sequence[RowKey]:
    found = read_member_keys(kind, row, match_by)
    in_customer = None if found.customer is None or found.key is None else (found.customer, found.key)
    keys = given_keys(("id", found.id), (schema_name(match_by.attribute), in_customer))
    if found.customer is None or row.get(kind.default) is not True:
        return keys
    # In different batches, each of the rows would take the default from the other, whenever the file is imported.
    return (*keys, RowKey(schema_name(kind.default), found.customer, _several_defaults(kind)))


def _several_defaults(kind: MemberKind) -> str:
    return f"is also true in {{lines}} for the same customer, which has only one default {kind.noun}."
