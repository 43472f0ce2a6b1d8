"""Read the rows of a list into drafts of customers. Reads nothing from the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.db.rows import CustomerRow
from app.domain.customer_fields import canonical, read_fields
from app.domain.errors import Problem
from app.domain.fields import read_uuid
from app.domain.transition import read_acknowledgement
from app.domain.upserts import MatchKey, missing_key
from app.services.customers.deciding import Decision
from app.services.customers.drafts import Draft, draft_of_change, draft_of_creation, draft_of_unknown
from app.services.lists.deciding import Match


@dataclass(frozen=True, slots=True)
class UpsertRow:
    """A row as it was sent: fields by attribute; None is null."""

    fields: Mapping[str, object]
    acknowledged: tuple[object, ...] | None = None
    """The entries of subscription_transitions, not validated yet."""


def canonical_row(row: UpsertRow) -> UpsertRow:
    """Return a row with fields in their stored form and acknowledgements sorted."""
    found = [(entry, read_uuid(entry, ())) for entry in row.acknowledged or ()]
    named = sorted(str(id_ if isinstance(id_, UUID) else entry) for entry, id_ in found)
    return replace(row, fields=canonical(row.fields), acknowledged=tuple(named) or None)


def key_of(row: UpsertRow, match_by: MatchKey) -> str | None:
    """Return the match key of a row; None if it has no valid key."""
    attribute = match_by.attribute
    values, _ = read_fields({attribute: row.fields.get(attribute)}, creating=False)
    key = values.get(attribute)
    return key if isinstance(key, str) else None


def match_key_problems(fields: Mapping[str, object], match_by: MatchKey, problems: Sequence[Problem]) -> list[Problem]:
    """Return the problem of a row without its match key, unless `problems`, those of its fields, have one with it."""
    path = (match_by.attribute,)
    if key_of(UpsertRow(fields), match_by) is not None or any(problem.path == path for problem in problems):
        return []
    return [missing_key(path, "customer")]


def new_parents(rows: Iterable[UpsertRow]) -> set[UUID]:
    """Return the ids of the customers that rows name as parents."""
    found = (read_uuid(row.fields.get("parent_customer_id"), ()) for row in rows)
    return {parent_id for parent_id in found if isinstance(parent_id, UUID)}


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads rows into drafts; decides those whose key is repeated or that change nothing."""

    match_by: MatchKey
    stored: Mapping[str, CustomerRow]
    """Customers by match key."""

    def match(self, key: str | None) -> Match:
        """Return what the key of a row finds."""
        attribute = self.match_by.attribute
        return Match(attribute) if key is None else Match(attribute, (key,), self.stored.get(key))

    def decide(self, row: UpsertRow, key: str | None, before: CustomerRow | None) -> Draft | Decision:
        """Return the draft of a row, or the decision if it changes nothing."""
        values, problems = read_fields(row.fields, creating=key is not None and before is None)
        problems += match_key_problems(row.fields, self.match_by, problems)
        acknowledged, malformed = read_acknowledgement(row.acknowledged)
        problems += malformed
        if key is None:
            return draft_of_unknown(values, problems, is_absent=False)
        if before is None:
            return draft_of_creation(values, problems, acknowledged)
        draft = draft_of_change(before, values, problems, acknowledged)
        # A repeated list must change nothing, even if it still acknowledges subscriptions.
        return draft if draft.values or draft.problems else Decision(before)

    def reject(self, before: CustomerRow | None, problem: Problem) -> Decision:
        """Return the decision to reject a row."""
        return Decision(before, problems=(problem,))
