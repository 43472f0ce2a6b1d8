"""From an input to a command: what was sent, and what of it can't even be a command."""

from typing import Any
from uuid import UUID

from app.domain.errors import ErrorCode, Fault, Path, Refused
from app.domain.fields import identifier
from app.graphql.types.customer_input import UpdateCustomerInput, given_fields
from app.services.customer_change import UpdateCustomerCommand


def sent(value: Any) -> Any:
    """What an optional control field says; left out and null are the same."""
    return None if value is None else value.value


def update_command(given: UpdateCustomerInput) -> tuple[UpdateCustomerCommand, str | None]:
    """The command of an update, and its idempotency key; raises Refused for ids that are none."""
    faults: list[Fault] = []
    transitions = sent(given.subscription_transitions)
    acknowledged = (
        None
        if transitions is None
        else tuple(
            _id(each.subscription_id, ("input", "subscriptionTransitions", place, "subscriptionId"), faults)
            for place, each in enumerate(transitions)
        )
    )
    customer_id = _id(given.id, ("input", "id"), faults)
    if faults:
        raise Refused(faults)
    command = UpdateCustomerCommand(
        customer_id,
        given_fields(given),
        acknowledged,
        sent(given.transition_digest),
        sent(given.expected_version),
    )
    return command, sent(given.idempotency_key)


def _id(value: str, path: Path, faults: list[Fault]) -> UUID:
    found = identifier(value, path)
    if isinstance(found, UUID):
        return found
    faults.append(found if isinstance(found, Fault) else Fault(ErrorCode.FIELD_INVALID, path, "must be a UUID."))
    return UUID(int=0)
