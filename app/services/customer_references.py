"""What a customer's fields refer to must be there, in the company."""

from collections.abc import Container, Mapping
from uuid import UUID

from app.db import customer_writes
from app.db.unit_of_work import Session
from app.domain.errors import ErrorCode, Fault


async def existence_faults(session: Session, values: Mapping[str, object], known: Container[UUID]) -> list[Fault]:
    """The group and the parent that the company doesn't have; `known` holds the ids of customers read before."""
    group_id = values.get("customer_group_id")
    has_group = not isinstance(group_id, UUID) or await customer_writes.group_exists(session, group_id)
    return missing_references(values, {group_id} if has_group else (), known)


def missing_references(
    values: Mapping[str, object], groups: Container[object], customers: Container[UUID]
) -> list[Fault]:
    """The references to a group or a parent that is not among those that exist."""
    faults: list[Fault] = []
    group_id = values.get("customer_group_id")
    if isinstance(group_id, UUID) and group_id not in groups:
        message = "must be the id of a customer group of the company."
        faults.append(Fault(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("input", "customerGroupId"), message))
    parent_id = values.get("parent_customer_id")
    if isinstance(parent_id, UUID) and parent_id not in customers:
        message = "must be the id of a customer of the company."
        faults.append(Fault(ErrorCode.PARENT_CUSTOMER_NOT_FOUND, ("input", "parentCustomerId"), message))
    return faults
