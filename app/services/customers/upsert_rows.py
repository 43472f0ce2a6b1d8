"""Read the rows of a list into drafts of customers. Reads nothing from the database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.db.rows import CustomerRow
from app.domain.customer_fields import canonical, read_fields
from app.domain.errors import ErrorCode, Problem
from app.domain.fields import read_uuid
from app.domain.transition import read_acknowledgement
from app.domain.upserts import MatchKey
from app.scheduling.pauses import paced
from app.services.customers.deciding import Decision
from app.services.customers.drafts import Draft, draft_of_change, draft_of_creation, draft_of_unknown
from app.services.upsert_lists import repeated


@dataclass(frozen=True, slots=True)
class UpsertRow:
    """A row as it was sent: fields by attribute; None is null."""

    fields: Mapping[str, object]
    acknowledged: tuple[object, ...] | None = None
    """The entries of subscription_transitions, not validated yet."""

    @property
    def canonical(self) -> "UpsertRow":
        """The row with fields in their stored form and acknowledgements sorted."""
        found = [(entry, read_uuid(entry, ())) for entry in self.acknowledged or ()]
        named = sorted(str(id_ if isinstance(id_, UUID) else entry) for entry, id_ in found)
        return replace(self, fields=canonical(self.fields), acknowledged=tuple(named) or None)


def key_of(row: UpsertRow, match_by: MatchKey) -> str | None:
    """Return the match key of a row; None if it has no valid key."""
    attribute = match_by.attribute
    values, _ = read_fields({attribute: row.fields.get(attribute)}, creating=False)
    key = values.get(attribute)
    return key if isinstance(key, str) else None


def new_parents(rows: Iterable[UpsertRow]) -> set[UUID]:
    """Return the ids of the customers that rows name as parents."""
    found = (read_uuid(row.fields.get("parent_customer_id"), ()) for row in rows)
    return {parent_id for parent_id in found if isinstance(parent_id, UUID)}


async def read_rows(
    rows: Sequence[UpsertRow], keys: Sequence[str | None], stored: Mapping[str, CustomerRow], match_by: MatchKey
) -> list[Draft | Decision]:
    """Return a draft for each row, or a decision if its key is repeated or the row changes nothing.

    `stored` holds the customers by match key.
    """
    times = Counter(keys)
    read: list[Draft | Decision] = []
    async for row, key in paced(list(zip(rows, keys, strict=True))):
        before = None if key is None else stored.get(key)
        if key is not None and times[key] > 1:
            read.append(Decision(before, problems=(repeated(match_by.attribute, times[key]),)))
        else:
            read.append(_read_row(row, key, before, match_by))
    return read


def _read_row(row: UpsertRow, key: str | None, before: CustomerRow | None, match_by: MatchKey) -> Draft | Decision:
    values, problems = read_fields(row.fields, creating=key is not None and before is None)
    path = (match_by.attribute,)
    if key is None and all(problem.path != path for problem in problems):
        problems.append(
            Problem(ErrorCode.FIELD_REQUIRED, path, "must be given, because it is the key that finds the customer.")
        )
    acknowledged, malformed = read_acknowledgement(row.acknowledged)
    problems += malformed
    if key is None:
        return draft_of_unknown(values, problems, is_absent=False)
    if before is None:
        return draft_of_creation(values, problems, acknowledged)
    draft = draft_of_change(before, values, problems, acknowledged)
    # A repeated list must change nothing, even if it still acknowledges subscriptions.
    return draft if draft.values or draft.problems else Decision(before)
