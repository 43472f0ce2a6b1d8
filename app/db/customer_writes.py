"""Writing customers: locks in one fixed order, then rows."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, func, insert, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from app.db import graph
from app.db.declarations import narrowed
from app.db.rows import CustomerRow
from app.db.tables import companies, customer_groups, customers
from app.db.unit_of_work import LostRace, Session, WriteSession, constraint_of
from app.domain.errors import CustomersFault, ErrorCode, Fault
from app.domain.fields import schema_name

_PARENTS = text("SELECT pg_advisory_xact_lock(hashtextextended('parents:' || current_setting('app.company_id'), 0))")
"""Of two transactions that change who is whose parent, one waits: each alone is right, together they could make a ring."""
_NUMBERS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('customer numbers:' || current_setting('app.company_id'), 0))"
)
"""Of two transactions that choose the next customer number, one waits and sees the other's."""


async def lock_parents(session: WriteSession) -> None:
    """Be the only transaction that changes parents, modes or currencies in the company. Taken before any row is locked."""
    await session.rows(_PARENTS)


async def family(
    session: Session, customer_id: UUID, other_parent: UUID | None, *, lock: bool
) -> dict[UUID, CustomerRow]:
    """A customer, its parent, another customer that may become its parent, and its children; locked if wanted, by id.

    The lock is FOR UPDATE, because only that blocks a concurrent insert of a subscription.
    """
    current_parent = select(customers.c.parent_customer_id).where(narrowed(customers), customers.c.id == customer_id)
    wanted = literal([customer_id, other_parent or customer_id], ARRAY(Uuid()))
    condition = or_(
        customers.c.id == any_(wanted),
        customers.c.id == current_parent.scalar_subquery(),
        customers.c.parent_customer_id == customer_id,
    )
    return await _customers(session, condition, lock=lock)


async def alone(session: Session, customer_id: UUID, *, lock: bool) -> dict[UUID, CustomerRow]:
    """The customer alone, or nothing."""
    return await _customers(session, customers.c.id == customer_id, lock=lock)


async def group_exists(session: Session, group_id: UUID) -> bool:
    """Whether the company has a customer group at this moment; the foreign key holds it once it is referred to."""
    query = select(customer_groups.c.id).where(narrowed(customer_groups), customer_groups.c.id == group_id)
    return bool(await session.rows(query, {}))


async def lock_customer(session: WriteSession, customer_id: UUID) -> CustomerRow | None:
    """Lock one customer against every other writer of it or of what belongs to it."""
    return (await alone(session, customer_id, lock=True)).get(customer_id)


async def _customers(session: Session, condition: ColumnElement[bool], *, lock: bool) -> dict[UUID, CustomerRow]:
    query = graph.customer.select().where(condition).order_by(customers.c.id)
    rows = await session.rows(query.with_for_update(of=customers) if lock else query, {})
    return {row[0]: CustomerRow._make(row) for row in rows}


async def clock(session: Session) -> tuple[str, datetime]:
    """The company's time zone, and the database's present moment: taken after the locks, for midnight may pass while one waits."""
    query = select(companies.c.time_zone, func.clock_timestamp()).where(narrowed(companies))
    rows = await session.rows(query, {})
    return rows[0][0], rows[0][1]


async def taken_keys(
    session: Session, customer_id: UUID | None, number: str | None, external_system_id: str | None
) -> list[Fault]:
    """The unique keys that other customers have already; None asks for none."""
    wanted = ((customers.c.customer_number, number), (customers.c.external_system_id, external_system_id))
    given = [(column, value) for column, value in wanted if value is not None]
    if not given:
        return []
    keys = [column == value for column, value in given]
    rows = await session.rows(select(customers.c.id, *keys).where(narrowed(customers), or_(*keys)), {})
    return [
        taken_key(column.name, row[0])
        for place, (column, _) in enumerate(given, start=1)
        for row in rows
        if row[place] and row[0] != customer_id
    ]


_TAKEN = {
    "customer_number": ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS,
    "external_system_id": ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS,
}


def taken_key(column: str, *customer_ids: UUID) -> Fault:
    """The fault of a unique key that other customers have already."""
    path = ("input", schema_name(column))
    return CustomersFault(_TAKEN[column], path, "is the one of another customer already.", customer_ids)


_NUMBER = "customers_company_id_customer_number_key"
_EXTERNAL = "customers_external_system_id_key"
_GROUP = "customers_company_id_customer_group_id_fkey"


@contextmanager
def racing_for_keys() -> Generator[None]:
    """A constraint decides between two writers at one moment; the loser tries again, and finds the key taken or the group gone."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) in {_NUMBER, _EXTERNAL, _GROUP}:
            raise LostRace from error
        raise


async def update_customer(session: WriteSession, customer_id: UUID, values: Mapping[str, object]) -> CustomerRow:
    """Write some columns; the version goes up by one."""
    statement = (
        update(customers)
        .where(narrowed(customers), customers.c.id == customer_id)
        .values(**values, version=customers.c.version + 1, updated_at=func.clock_timestamp())
    )
    with racing_for_keys():
        await session.rows(statement)
    rows = await session.rows(graph.customer.select().where(customers.c.id == customer_id))
    return CustomerRow._make(rows[0])


async def lock_numbers(session: WriteSession) -> None:
    """Be the only transaction that chooses a next number in the company. Taken last, for every creation waits for it."""
    await session.rows(_NUMBERS)


async def next_customer_number(session: Session) -> int:
    """One more than the highest all-digit number, from 1; read under `lock_numbers`."""
    query = (
        select(customers.c.customer_number)
        .where(narrowed(customers), customers.c.number_key < "1")  # the keys of all-digit numbers begin with a zero
        .order_by(customers.c.number_key.desc())
        .limit(1)
    )
    rows = await session.rows(query, {})
    return int(rows[0][0]) + 1 if rows else 1


async def insert_customer(session: WriteSession, values: Mapping[str, object]) -> CustomerRow:
    """Write a new customer; a column that is left out gets its default."""
    moment = func.statement_timestamp()
    statement = insert(customers).values(**values, company_id=session.company_id, created_at=moment, updated_at=moment)
    with racing_for_keys():
        await session.rows(statement)
    rows = await session.rows(graph.customer.select().where(customers.c.id == values["id"]))
    return CustomerRow._make(rows[0])
