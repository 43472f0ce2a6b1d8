"""Convert the input of an update to a command, and report ids and keys that are malformed."""

from typing import Any
from uuid import UUID

from app.domain.customer_fields import read_fields
from app.domain.errors import ErrorCode, Path, Problem, Rejected
from app.domain.fields import read_uuid
from app.domain.transition import excess
from app.graphql.types.customer_input import UpdateCustomerInput, given_fields
from app.services.idempotency import key_problems
from app.services.update_customer import UpdateCustomerCommand


def sent(value: Any) -> Any:
    """Return the value of an optional control field; None if it is null or left out."""
    return None if value is None else value.value


def update_command(given: UpdateCustomerInput) -> tuple[UpdateCustomerCommand, str | None]:
    """Return the command of an update and its idempotency key; raise Rejected for malformed ids or a malformed key.

    Rejected includes the problems of its fields, because all problems of one input are reported together.
    """
    problems: list[Problem] = []
    transitions = sent(given.subscription_transitions)
    if too_many := excess(len(transitions or ())):
        problems.append(too_many)
    acknowledged = (
        None
        if transitions is None or too_many
        else tuple(
            _id(transition.subscription_id, ("subscription_transitions", place, "subscription_id"), problems)
            for place, transition in enumerate(transitions)
        )
    )
    customer_id = _id(given.id, ("id",), problems)
    fields, key = given_fields(given), sent(given.idempotency_key)
    problems += key_problems(key)
    if problems:
        raise Rejected([*problems, *read_fields(fields, creating=False)[1]])
    command = UpdateCustomerCommand(
        customer_id, fields, acknowledged, sent(given.transition_digest), sent(given.expected_version)
    )
    return command, key


def _id(value: str, path: Path, problems: list[Problem]) -> UUID:
    found = read_uuid(value, path)
    if isinstance(found, UUID):
        return found
    problems.append(found if isinstance(found, Problem) else Problem(ErrorCode.FIELD_INVALID, path, "must be a UUID."))
    return UUID(int=0)
