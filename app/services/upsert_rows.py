"""Reading the rows of a list: what each would make of the customer that its key finds. Reads nothing but the rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.db.identifiers import new_id
from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.domain.customer_fields import ATTRIBUTES, DEFAULTS, canonical, read_fields
from app.domain.errors import ErrorCode, Fault
from app.domain.fields import identifier, schema_name
from app.domain.metadata_fields import merged_metadata
from app.domain.upserts import MatchKey
from app.services.customer_decision import FAMILY_FIELDS, Draft, draft_of
from app.services.upsert_lists import repeated


@dataclass(frozen=True, slots=True)
class UpsertRow:
    """A row as it was sent: the fields by attribute, None is null."""

    fields: Mapping[str, object]
    acknowledged: tuple[object, ...] | None = None
    """What subscriptionTransitions names, whatever it is."""

    @property
    def in_order(self) -> "UpsertRow":
        """The row with what it acknowledges in order: the list is a set."""
        return replace(
            self, acknowledged=None if self.acknowledged is None else tuple(sorted(self.acknowledged, key=str))
        )

    @property
    def canonical(self) -> "UpsertRow":
        """The row with the fields by what they mean, and what it acknowledges in order."""
        found = [(each, identifier(each, ())) for each in self.acknowledged or ()]
        named = sorted((str(id_ if isinstance(id_, UUID) else each) for each, id_ in found))
        return replace(self, fields=canonical(self.fields), acknowledged=tuple(named) or None)

    @property
    def touches_family(self) -> bool:
        """Whether rules about parents and children may apply."""
        return not FAMILY_FIELDS.isdisjoint(self.fields)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a row would do, before it is judged."""

    row: UpsertRow
    before: CustomerRow | None
    """The customer that the key found."""
    draft: Draft | None
    """The change of that customer."""
    creation: Mapping[str, Any] | None
    """The columns of a new customer; its number is None until it is given one."""
    acknowledged: tuple[UUID, ...] | None
    faults: tuple[Fault, ...]
    """What leaves nothing to judge."""


def keys_of(rows: Iterable[UpsertRow], match_by: MatchKey) -> list[str | None]:
    """The match key of each row; None where it has none that could be stored."""
    return [key_of(row, match_by) for row in rows]


def key_of(row: UpsertRow, match_by: MatchKey) -> str | None:
    """Return the match key of a row; None where it has none that could be stored."""
    attribute = match_by.attribute
    values, _ = read_fields({attribute: row.fields.get(attribute)}, creating=False)
    key = values.get(attribute)
    return key if isinstance(key, str) else None


async def propose(
    rows: Sequence[UpsertRow], keys: Sequence[str | None], stored: Mapping[str, CustomerRow], match_by: MatchKey
) -> list[Proposal]:
    """What each row would do; `stored` holds the customers by match key."""
    times = Counter(keys)
    proposals: list[Proposal] = []
    async for row, key in paced(list(zip(rows, keys, strict=True))):
        before = None if key is None else stored.get(key)
        if key is not None and times[key] > 1:
            proposals.append(Proposal(row, before, None, None, None, (repeated(match_by.attribute, times[key]),)))
        else:
            proposals.append(_proposal(row, key, before, match_by))
    return proposals


def _proposal(row: UpsertRow, key: str | None, before: CustomerRow | None, match_by: MatchKey) -> Proposal:
    values, faults = read_fields(row.fields, creating=key is not None and before is None)
    path = ("input", schema_name(match_by.attribute))
    if key is None and all(fault.path != path for fault in faults):
        faults.append(Fault(ErrorCode.FIELD_REQUIRED, path, "must be given, as the key that finds the customer."))
    acknowledged, malformed = _acknowledged(row)
    faults += malformed
    draft, creation = None, None
    if before is not None:
        draft = None if faults else draft_of(before, values)
    elif not faults:
        creation, excess = _creation(values)
        faults += excess
    return Proposal(row, before, draft, creation, acknowledged, tuple(faults))


def _creation(values: Mapping[str, object]) -> tuple[dict[str, Any], list[Fault]]:
    metadata, faults = merged_metadata({}, values)
    given = {name: value for name, value in values.items() if value is not None}
    given = {**DEFAULTS, **given, "metadata": metadata}
    return {"id": new_id()} | {name: given.get(name) for name in ATTRIBUTES}, faults


def _acknowledged(row: UpsertRow) -> tuple[tuple[UUID, ...] | None, list[Fault]]:
    if row.acknowledged is None:
        return None, []
    path = ("input", "subscriptionTransitions")
    found = [identifier(value, (*path, place, "subscriptionId")) for place, value in enumerate(row.acknowledged)]
    return (
        tuple(each for each in found if isinstance(each, UUID)),
        [each for each in found if isinstance(each, Fault)],
    )
