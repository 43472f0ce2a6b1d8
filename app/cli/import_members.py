"""What the imports of contacts and of departments share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.cli.import_cells import flag, whole
from app.cli.import_kind import (
    ACTOR,
    CUSTOMER_KEYS,
    CUSTOMER_NUMBERS,
    Kind,
    RowKey,
    RowResult,
    other_keys,
    row_keys,
)
from app.cli.import_rows import Columns, by_attribute
from app.db.unit_of_work import UnitOfWork
from app.domain.fields import schema_name
from app.domain.member_rows import MemberMatchKey, read_member_keys, read_member_row, row_attributes
from app.domain.members import MemberKind
from app.domain.upserts import RejectionPolicy
from app.services.upsert_members import UpsertMembersCommand, Upserts

Row = Mapping[str, object]


class Members(NamedTuple):
    """The members of customers that one command imports."""

    kind: MemberKind
    input_type: str
    upserts: Upserts[Any, Any]
    command: Callable[[tuple[Row, ...], Any, RejectionPolicy], UpsertMembersCommand]
    flags: frozenset[str]
    """The columns of booleans."""
    numbers: frozenset[str]
    """The columns of names and keys that may consist of digits."""

    def by(self, match_by: MemberMatchKey) -> Kind[Row]:
        """Return the kind whose rows without an id are matched by a key among the members of their customer."""
        key = schema_name(match_by.attribute)
        names, row = by_attribute(row_attributes(self.kind), {"customer": CUSTOMER_KEYS})
        return Kind(
            columns=Columns(
                f"{self.kind.noun}s",
                self.input_type,
                names,
                row,
                cells={**dict.fromkeys(self.flags, flag), "expectedVersion": whole},
                numbers=self.numbers | CUSTOMER_NUMBERS,
                objects={"customer": [schema_name(name) for name in CUSTOMER_KEYS]},
            ),
            key=key,
            keys=lambda row: _keys(self.kind, row, match_by),
            problems=lambda row: read_member_row(self.kind, row, match_by, creating=False)[1],
            carry_out=self._carry_out(match_by),
            results_of=lambda found: cast("Any", found).results if isinstance(found, self.upserts.outcome) else None,
            other_keys=other_keys(match_by),
            owner="customer",
            has_ids=True,
        )

    def _carry_out(self, match_by: MemberMatchKey) -> Any:
        async def carry_out(
            unit_of_work: UnitOfWork, rows: Sequence[Row], policy: RejectionPolicy
        ) -> Sequence[RowResult]:
            outcome, _ = await self.upserts.upsert(
                unit_of_work, ACTOR, self.command(tuple(rows), match_by, policy), None
            )
            return outcome.results

        return carry_out


def _keys(kind: MemberKind, row: Row, match_by: MemberMatchKey) -> Sequence[RowKey]:
    found = read_member_keys(kind, row, match_by)
    in_customer = None if found.customer is None or found.key is None else (found.customer, found.key)
    return row_keys(("id", found.id), (schema_name(match_by.attribute), in_customer))
