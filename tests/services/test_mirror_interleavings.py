"""Messages of the billing system and transitions, in any order and at once: each day is billed once, to who pays for
it."""

import asyncio
import re
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.subscriptions import BillingDirection
from tests.support.clock import DatabaseClock
from tests.support.family import PER_CHILD, SINGLE, Family
from tests.support.records import Records, new_company
from tests.support.thorough import number
from tests.support.upserts import rows_of

HALF_A_CENT = Fraction(1, 200)


MISTAKES = ["next at once", "bill at once", "bill twice", "shorten", "lengthen", "take back", "begin today"]

actions = st.one_of(
    st.tuples(st.just("link"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("link at once"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("overtake"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("detach")),
    st.tuples(
        st.just("consolidate"),
        st.sampled_from(["one", "two"]),
        st.sampled_from([SINGLE, PER_CHILD]),
        st.sampled_from([1, 15, 20]),
    ),
    st.tuples(st.just("move the day"), st.sampled_from(["one", "two"]), st.sampled_from([1, 15, 20])),
    st.tuples(st.just("change the interval"), st.sampled_from([1, 3, 12])),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("bill")),
    st.tuples(st.just("bill")),
    st.tuples(st.just("make a message")),
    st.tuples(st.just("make an undated message")),
    st.tuples(st.just("deliver"), st.integers(0, 5)),
    st.tuples(st.just("send again"), st.integers(0, 50)),
    st.tuples(st.just("misdate"), st.sampled_from([-3, -1, 1, 9])),
    st.tuples(st.just("be careless"), st.sampled_from(MISTAKES)),
)
starts = st.tuples(st.sampled_from(BillingDirection), st.sampled_from([1, 1, 3]), st.booleans())
year = st.lists(st.tuples(st.sampled_from([0, 0, 1, 9, 17, 30, 31]), actions), max_size=16)


async def act(family: Family, what: str, *how: Any) -> None:
    match what, *how:
        case "link", parent:
            await family.link(parent)
        case ("detach",):
            await family.change("kid", {"parent_customer_id": None}, payer="kid")
        case "consolidate", parent, mode, day:
            if family.modes.get(parent, (PER_CHILD, 1))[0] != mode:
                fields = {"consolidation_mode": mode, "billing_day": day}
                await family.change(parent, fields, mode=(mode, day))
        case "move the day", parent, day:
            mode, before = family.modes.get(parent, (PER_CHILD, 1))
            if mode == SINGLE and before != day:
                await family.move_billing_day(parent, day)
        case "change the interval", months:
            await family.change_interval(months)
        case ("cancel",):
            await family.cancel()
        case ("resume",):
            await family.resume()
        case _:
            await send(family, what, *how)


async def send(family: Family, what: str, *how: Any) -> None:
    due = [(book, book.next_message(family.today, family.terms)) for book in family.books]
    made = [(book, message) for book, message in due if message is not None]
    match what:
        case "bill":
            await family.bill()
        case "link at once":
            sent = [family.send(*message) for message in made]
            await asyncio.gather(*sent, family.link(how[0]))
        case "overtake":
            await family.link(how[0])
            for message in made:
                await family.send(*message)
        case "make a message":
            family.delayed += made
        case "make an undated message":
            family.delayed += [(book, book.undated(family.terms)) for book in family.books]
        case "misdate" | "be careless":
            await err(family, how[0])
        case "deliver" if family.delayed:
            await family.send(*family.delayed.pop(how[0] % len(family.delayed)))
        case _:
            await send_again(family, *how)


async def err(family: Family, how: int | str) -> None:
    """Send a wrong message for each subscription: the next period some days off, or another mistake."""
    for book in family.books:
        if isinstance(how, int):
            message = book.misdated(how, family.terms)
        else:
            message = book.careless(how, family.today, family.terms)
        if message is not None:
            await family.send(book, message)


async def send_again(family: Family, place: int = 0) -> None:
    book = family.books[place % len(family.books)]
    if book.messages:
        await family.send(book, book.messages[place % len(book.messages)])


@settings(
    max_examples=number(15, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=st.lists(starts, min_size=1, max_size=2), then=year)
# Where the period before a transition and the one after it have the same days, only the mark tells them apart.
@example(first=[(BillingDirection.ADVANCE, 1, False)], then=[(0, ("overtake", "one")), (9, ("bill",)), (30, ("bill",))])
@example(
    first=[(BillingDirection.ARREARS, 1, False)],
    then=[(30, ("overtake", "two")), (0, ("link at once", "one")), (17, ("deliver", 0)), (31, ("bill",))],
)
# A period that begins before the last one is over, as an old message and by mistake, and one that leaves days out.
@example(
    first=[(BillingDirection.ADVANCE, 1, False)],
    then=[(31, ("bill",)), (31, ("bill",)), (0, ("send again", 1))],
)
@example(first=[(BillingDirection.ADVANCE, 1, True)], then=[(9, ("misdate", -3)), (31, ("bill",))])
@example(first=[(BillingDirection.ADVANCE, 1, True)], then=[(9, ("misdate", 1)), (31, ("bill",))])
# A bill that was made the day before arrives after the one that was sent.
@example(
    first=[(BillingDirection.ADVANCE, 1, False)],
    then=[(0, ("make a message",)), (1, ("bill",)), (0, ("deliver", 0))],
)
# What was never billed is not passed over, nothing begins early, and what is billed keeps its days.
@example(first=[(BillingDirection.ARREARS, 1, False)], then=[(30, ("be careless", "next at once")), (0, ("bill",))])
@example(first=[(BillingDirection.ADVANCE, 1, True)], then=[(0, ("bill",)), (9, ("be careless", "next at once"))])
@example(first=[(BillingDirection.ADVANCE, 1, True)], then=[(0, ("bill",)), (9, ("be careless", "shorten"))])
@example(first=[(BillingDirection.ARREARS, 1, True)], then=[(9, ("be careless", "bill at once")), (31, ("bill",))])
# What runs doesn't become what has not begun, whose period could move.
@example(
    first=[(BillingDirection.ARREARS, 1, True)],
    then=[(9, ("be careless", "take back")), (0, ("be careless", "begin today")), (31, ("bill",))],
)
# A late message undoes no new billing day, also after the next period, neither without a period nor with the next one.
@example(
    first=[(BillingDirection.ARREARS, 1, False)],
    then=[
        (0, ("consolidate", "one", SINGLE, 15)),
        (9, ("link", "one")),
        (0, ("bill",)),
        (0, ("make an undated message",)),
        (17, ("move the day", "one", 20)),
        (9, ("make a message",)),
        (0, ("bill",)),
        (0, ("deliver", 0)),
        (0, ("deliver", 0)),
        (30, ("bill",)),
        (0, ("send again", 0)),
    ],
)
# A message without a period arrives when two more periods were billed.
@example(
    first=[(BillingDirection.ADVANCE, 1, False)],
    then=[(61, ("make an undated message",)), (0, ("change the interval", 1)), (0, ("deliver", 0))],
)
# A period that is longer than the new interval is billed when it is over.
@example(
    first=[(BillingDirection.ARREARS, 3, False)],
    then=[(9, ("change the interval", 1)), (31, ("bill",)), (31, ("bill",)), (31, ("bill",)), (31, ("bill",))],
)
# A late billing system takes a cancellation back, before and after a transition has billed the days until the end.
@example(
    first=[(BillingDirection.ADVANCE, 1, False)],
    then=[(24, ("cancel",)), (17, ("link", "one")), (1, ("resume",)), (9, ("bill",))],
)
@example(first=[(BillingDirection.ARREARS, 1, True)], then=[(24, ("cancel",)), (17, ("resume",)), (9, ("bill",))])
@example(first=[(BillingDirection.ADVANCE, 1, False)], then=[(0, ("link", "one")), (0, ("cancel",)), (9, ("detach",))])
@example(first=[(BillingDirection.ARREARS, 1, False)], then=[(0, ("link", "one")), (0, ("cancel",)), (9, ("detach",))])
async def test_each_payer_pays_for_exactly_the_days_that_were_served(
    database: Database,
    owner_engine: AsyncEngine,
    clock: DatabaseClock,
    first: list[tuple[BillingDirection, int, bool]],
    then: list[tuple[int, tuple[Any, ...]]],
) -> None:
    company = await new_company(owner_engine)
    records = Records(owner_engine, company)
    ids = {name: await records.customer() for name in ("kid", "one", "two", "last")}
    family = Family(UnitOfWork(database, company), owner_engine, clock, ids)
    family.live(0)
    for direction, months, always_expects in first:
        await family.start(direction, months, always_expects=always_expects)
    for later, action in then:
        family.live(later)
        await act(family, *action)
    # Somebody else pays for everything, which settles all days before today.
    await family.link("last")
    for book, message in family.delayed:
        await family.send(book, message)

    await assert_paid_once(family, company)
    await assert_recorded(owner_engine, company, family.settled_again)


async def assert_recorded(engine: AsyncEngine, company: UUID, settled_again: set[str]) -> None:
    """Every version of a subscription is in its history and in an event, and each entry begins where another one
    ends."""
    entries = await rows_of(engine, tables.history, company, tables.history.c.version)
    events = await rows_of(engine, tables.outbox_events, company, tables.outbox_events.c.sequence)
    for subscription in await rows_of(engine, tables.subscriptions, company):
        own = [entry for entry in entries if entry["subject_id"] == subscription["id"]]
        assert [entry["version"] for entry in own] == list(range(1, subscription["version"] + 1))
        told = [event["data"]["version"] for event in events if event["subject_id"] == subscription["id"]]
        assert sorted({*told}) == [entry["version"] for entry in own]
        assert told == sorted(told)
        values: dict[str, Any] = {}
        for entry in own:
            assert entry["changes"] or subscription["external_system_id"] in settled_again
            for name, change in entry["changes"].items():
                assert without_zeros(values.get(name)) == without_zeros(change["before"])
                values[name] = change["after"]
        stored = [values[name] for name in ("status", "anchorDay")]
        assert stored == [subscription["status"], subscription["anchor_day"]]
        assert values["currentPeriod"]["startsOn"] == subscription["current_period_start"].isoformat()


async def assert_paid_once(family: Family, company: UUID) -> None:
    names = {id_: name for name, id_ in family.ids.items()}
    owed: dict[str, Fraction] = {}
    for course in family.courses:
        for payer, amount in course.owed.items():
            owed[payer] = owed.get(payer, Fraction(0)) + amount
    paid: dict[str, Decimal] = {}
    for book in family.books:
        for payer, amount in book.accepted.items():
            paid[payer] = paid.get(payer, Decimal(0)) + amount
    documents = await rows_of(family.engine, tables.billing_documents, company)
    for document in documents:
        sign = -1 if document["kind"] == "CREDIT_NOTE" else 1
        payer = names[document["payer_customer_id"]]
        paid[payer] = paid.get(payer, Decimal(0)) + sign * document["total"]
    columns = tables.subscription_periods.c
    periods = await rows_of(
        family.engine, tables.subscription_periods, company, columns.subscription_id, columns.sequence
    )
    tolerance = HALF_A_CENT * (len(periods) * 2 + len(documents) * 2 + 1)
    for payer in {*owed, *paid} - {"last"}:
        assert abs(Fraction(paid.get(payer, Decimal(0))) - owed.get(payer, Fraction(0))) <= tolerance, (
            payer,
            paid,
            {name: float(amount) for name, amount in owed.items()},
        )
    for before, after in pairwise(periods):
        if before["subscription_id"] == after["subscription_id"]:
            over_on = before["cut_on"] or before["ends_on"]
            assert over_on == after["starts_on"] or after["starts_on"] in family.begun_again


def without_zeros(value: Any) -> str:
    """The text of a value of the history; amounts are kept with as many zeros as they were sent with."""
    return re.sub(r"\.00\b", "", str(value))
