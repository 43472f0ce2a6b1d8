"""Create a customer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_fields import canonical, read_fields
from app.domain.errors import Rejected
from app.services.commands import Repeatable
from app.services.customers.deciding import Judge
from app.services.customers.drafts import draft_of_creation
from app.services.customers.numbers import give_numbers
from app.services.customers.reading import read_facts, read_stored
from app.services.customers.writing import write
from app.services.idempotency import once


@dataclass(frozen=True, slots=True)
class CreateCustomerCommand(Repeatable):
    """The fields that were sent, by attribute; None is null."""

    fields: Mapping[str, object]

    @property
    def canonical(self) -> Self:
        """The command with every field in its stored form."""
        return replace(self, fields=canonical(self.fields))


@dataclass(frozen=True, slots=True)
class CreateCustomerOutcome:
    """The created customer."""

    customer: CustomerRow


async def create_customer(
    unit_of_work: UnitOfWork, actor: str, command: CreateCustomerCommand, idempotency_key: str | None
) -> tuple[CreateCustomerOutcome, bool]:
    """Create a customer; return the outcome, and whether it was replayed. Raise Rejected with all problems."""
    values, malformed = read_fields(command.fields, creating=True)

    async def work(session: WriteSession) -> CreateCustomerOutcome:
        draft = draft_of_creation(values, malformed)
        parent_id = draft.new.parent_id
        parents = {} if parent_id is None else await read_stored(session, "id", [parent_id], parents=())
        judge = Judge(await read_facts(session, parents.values(), [draft]))
        (decision,) = await give_numbers(session, [judge.decide(draft)])
        if decision.problems:
            raise Rejected(decision.problems)
        written = await write(session, [decision], actor)
        return CreateCustomerOutcome(written.customers[draft.id])

    return await once(unit_of_work, idempotency_key, command, CreateCustomerOutcome, work, malformed)
