"""Convert the input of an update to a command, and report ids and keys that are malformed."""

from typing import Any
from uuid import UUID

from app.domain.customer_fields import read_fields
from app.domain.errors import Problem, Rejected
from app.domain.fields import read_uuid
from app.domain.transition import read_acknowledgement
from app.graphql.types.customer_input import UpdateCustomerInput, given_fields
from app.services.idempotency import key_problems
from app.services.update_customer import UpdateCustomerCommand


def sent(value: Any) -> Any:
    """Return the value of an optional control field; None if it is null or left out."""
    return None if value is None else value.value


def update_command(given: UpdateCustomerInput) -> tuple[UpdateCustomerCommand, str | None, list[Problem]]:
    """Return the command of an update, its idempotency key, and the problems of its acknowledged subscriptions.

    Raise Rejected for a malformed id or key, with the problems of all fields. Without an id, nothing that is stored can
    be compared.
    """
    customer_id = read_uuid(given.id, ("id",))
    transitions = sent(given.subscription_transitions)
    ids = None if transitions is None else [transition.subscription_id for transition in transitions]
    acknowledged, malformed = read_acknowledgement(ids)
    fields, key = given_fields(given), sent(given.idempotency_key)
    unusable = key_problems(key)
    if unusable or not isinstance(customer_id, UUID):
        named = [customer_id] if isinstance(customer_id, Problem) else []
        # The order of other mutations: the id, the fields, and the key last.
        raise Rejected([*named, *malformed, *read_fields(fields, creating=False)[1], *unusable])
    command = UpdateCustomerCommand(
        customer_id, fields, acknowledged, sent(given.transition_digest), sent(given.expected_version)
    )
    return command, key, malformed
