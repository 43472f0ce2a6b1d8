"""Update a customer, and book the transition of its subscriptions if the payer changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from app.db.rows import CustomerRow
from app.db.unit_of_work import Session, UnitOfWork, WriteSession
from app.domain.customer_fields import canonical, read_fields, touches_family
from app.domain.customer_keys import customer_not_found
from app.domain.errors import Problem, Rejected
from app.domain.fields import schema_names
from app.services.commands import Repeatable
from app.services.customers.deciding import Decision, Judge
from app.services.customers.drafts import draft_of_change, draft_of_unknown
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.writing import write
from app.services.idempotency import once
from app.services.recording import find_version_problem


@dataclass(frozen=True, slots=True)
class UpdateCustomerCommand(Repeatable):
    """The fields to update, by attribute; only those that were sent."""

    customer_id: UUID
    fields: Mapping[str, object]
    acknowledged: tuple[UUID, ...] | None = None
    digest: str | None = None
    """Digest of the preview; the update is rejected if it would now book something else."""
    expected_version: int | None = None
    accepted_versions: tuple[int, ...] = ()
    """The customer must have one of these versions, the latest of which comes first; empty for any."""

    def expected_of(self, version: int) -> int | None:
        """Return the version that the customer is expected to have if it has this one; None for any."""
        if not self.accepted_versions or version in self.accepted_versions:
            return self.expected_version
        return self.accepted_versions[0]

    @property
    def canonical(self) -> Self:
        """The command with fields in their stored form and acknowledgements sorted; an empty list is None."""
        return replace(self, fields=canonical(self.fields), acknowledged=tuple(sorted(self.acknowledged or ())) or None)


@dataclass(frozen=True, slots=True)
class UpdateCustomerOutcome:
    """The customer after the update, and what changed."""

    customer: CustomerRow
    changed_fields: tuple[str, ...]
    """Schema names; empty if nothing changed, in which case nothing was written."""
    transition_id: UUID | None
    """Id of the recorded transition, which groups its billing documents; None if there is none."""


async def update_customer(
    unit_of_work: UnitOfWork,
    actor: str,
    command: UpdateCustomerCommand,
    idempotency_key: str | None,
    malformed: Sequence[Problem] = (),
) -> tuple[UpdateCustomerOutcome, bool]:
    """Update a customer in one transaction; return the outcome, and whether it was replayed. Raise Rejected.

    `malformed` are problems of the input that the command lacks.
    """
    values, problems = read_fields(command.fields, creating=False)
    malformed = [*malformed, *problems]

    async def work(session: WriteSession) -> UpdateCustomerOutcome:
        before, decision = await decide_update(session, command, values, malformed)
        if decision.problems:
            raise Rejected(decision.problems)
        if not decision.writes:
            return UpdateCustomerOutcome(before, (), None)
        written = await write(session, [decision], actor)
        transition_id = next(iter(written.transition_ids), None)
        return UpdateCustomerOutcome(written.customers[before.id], schema_names(decision.values), transition_id)

    return await once(unit_of_work, idempotency_key, command, UpdateCustomerOutcome, work, malformed)


async def decide_update(
    session: Session, command: UpdateCustomerCommand, values: Mapping[str, object], malformed: Sequence[Problem]
) -> tuple[CustomerRow, Decision]:
    """Return the stored customer and the decision. `values` are the fields that aren't malformed.

    Raise Rejected with all problems if the input is malformed, or the customer unknown or of another version. A write
    session takes the locks first, so that the decision still holds when it is written.
    """
    parent_id = values.get("parent_customer_id")
    parents = [parent_id] if isinstance(parent_id, UUID) else []
    stored = await read_stored(session, "id", [command.customer_id], parents if touches_family(values) else None)
    before, outdated = stored.get(command.customer_id), None
    if before is None:
        draft = draft_of_unknown(values, [*malformed, customer_not_found(("id",))], is_absent=True)
    else:
        outdated = await find_version_problem(session, before, command.expected_of(before.version))
        problems = [*malformed, *([] if outdated is None else [outdated])]
        draft = draft_of_change(before, values, problems, command.acknowledged, command.digest)
    decision = Judge(await read_facts(session, stored.values(), [draft])).decide(draft)
    if malformed or before is None or outdated is not None:
        raise Rejected(decision.problems, current=None if outdated is None else before)
    return before, decision
