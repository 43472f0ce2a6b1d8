"""Find what rows of customers name by key: their parents, and their groups."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from app.db import customer_reads
from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.customer_keys import CUSTOMER_KEYS, CustomerKey


class ReferencedIds(NamedTuple):
    """The ids of what was named; keys of nothing that is stored are left out."""

    customers: Mapping[CustomerKey, UUID]
    groups: Mapping[str, UUID]
    """By number."""


def ids_by_key(customers: Iterable[CustomerRow]) -> dict[CustomerKey, UUID]:
    """Return the ids of customers by each of their keys."""
    return {CustomerKey(name, getattr(row, name)): row.id for row in customers for name in CUSTOMER_KEYS}


async def find_references(
    unit_of_work: UnitOfWork, customers: Collection[CustomerKey], groups: Collection[str]
) -> ReferencedIds:
    """Return the ids of customers and groups. Locks are not needed, because the write checks the ids."""

    async def read(session: WriteSession) -> ReferencedIds:
        wanted: dict[str, set[str]] = {"customer_number": set(), "external_system_id": set()}
        for key in customers:
            if key.attribute in wanted:
                wanted[key.attribute].add(str(key.value))
        holders = await customer_reads.key_holders(session, wanted)
        found = {CustomerKey(name, value): id_ for name, ids in holders.items() for value, id_ in ids.items()}
        return ReferencedIds(found, await customer_reads.groups_by_number(session, groups))

    return await unit_of_work.run(read) if customers or groups else ReferencedIds({}, {})
