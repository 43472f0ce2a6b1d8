"""Over a year of moves, each payer is billed for exactly the days that were served under it: nothing twice, nothing
lost."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.subscriptions import BillingDirection
from tests.domain.billing_world import IDS, World
from tests.support.thorough import examples

SELF, PAYS = BillingRelationship.SELF, BillingRelationship.PARENT_PAYS
SINGLE, PER_CHILD = ConsolidationMode.SINGLE_INVOICE, ConsolidationMode.PER_CHILD_INVOICE
HALF_A_CENT = Fraction(1, 200)

parents = st.sampled_from(["one", "two"])
days = st.sampled_from([1, 10, 15, 20, 28])
places = st.integers(0, 5)
starts = st.tuples(
    st.sampled_from(["kid", "kid", "one"]),
    st.sampled_from(BillingDirection),
    st.sampled_from([1, 1, 3]),
    st.sampled_from([0, 0, 1, 9]),
    st.sampled_from([0, 0, 14]),
)
actions = st.one_of(
    st.tuples(st.just("link"), parents, st.sampled_from([PAYS, PAYS, SELF])),
    st.tuples(st.just("link"), parents, st.just(PAYS)),
    st.tuples(st.just("detach")),
    st.tuples(st.just("relate"), st.sampled_from([SELF, PAYS])),
    st.tuples(st.just("consolidate"), parents, st.sampled_from([SINGLE, SINGLE, PER_CHILD, None]), days),
    st.tuples(st.just("bill on"), parents, days),
    st.tuples(st.just("start"), starts),
    st.tuples(st.just("pause"), places),
    st.tuples(st.just("resume"), places),
    st.tuples(st.just("end"), places, st.integers(0, 70)),
    st.tuples(st.just("bill partly"), places, st.integers(1, 100)),
    st.tuples(st.just("send the biller away")),
    st.tuples(st.just("call the biller back")),
)
years = st.lists(st.tuples(st.sampled_from([0, 0, 1, 5, 9, 17, 31, 70]), actions), max_size=20)


def act(world: World, what: str, *how: Any) -> None:
    kid = world.records["kid"]
    match what, *how:
        case "link", parent, relationship:
            world.change("kid", replace(kid, parent_id=IDS[parent], relationship=relationship))
        case ("detach",):
            world.change("kid", replace(kid, parent_id=None, relationship=SELF))
        case "relate", relationship:
            world.change("kid", replace(kid, relationship=relationship if kid.parent_id else SELF))
        case "consolidate", parent, mode, day:
            world.change(parent, replace(world.records[parent], mode=mode, billing_day=day))
        case "bill on", parent, day:
            world.change(parent, replace(world.records[parent], billing_day=day))
        case "start", terms:
            world.start(*terms)
        case ("send the biller away",):
            world.has_biller = False
        case ("call the biller back",):
            world.has_biller = True
        case _:
            act_on_one(world, what, *how)


def act_on_one(world: World, what: str, place: int, *how: Any) -> None:
    account = world.accounts[place % len(world.accounts)]
    match what:
        case "pause":
            world.pause(account)
        case "resume":
            world.resume(account)
        case "end":
            world.end(account, *how)
        case _:
            world.bill_partly(account, *how)


def finish(world: World) -> None:
    """Let somebody else pay for everything, which settles all days before today."""
    for account in world.accounts:
        world.resume(account)
    for parent in ("one", "two"):
        record = world.records[parent]
        mode = PER_CHILD if record.has_single_invoice else SINGLE
        world.change(parent, replace(record, mode=mode, billing_day=28))
    act(world, "link", "last", PAYS)


@settings(max_examples=examples(300), deadline=None)
@given(first=st.lists(starts, min_size=1, max_size=3), year=years)
def test_each_payer_pays_for_exactly_the_days_that_were_served(
    first: list[tuple[Any, ...]], year: list[tuple[int, tuple[Any, ...]]]
) -> None:
    world = World()
    for terms in first:
        world.start(*terms)
    for later, action in year:
        world.live(later)
        act(world, *action)
    finish(world)

    for account in world.accounts:
        owed, billed = account.course.owed, account.billed
        tolerance = HALF_A_CENT * (account.lines + len(account.rows) + 1)
        for payer in {*owed, *billed}:
            difference = Fraction(billed.get(payer, Decimal(0))) - owed.get(payer, Fraction(0))
            assert abs(difference) <= tolerance, (payer, billed, {name: float(amount) for name, amount in owed.items()})
        for row in account.rows:
            assert 0 <= row.credited <= row.billed
        for row, following in pairwise(account.rows):
            assert min(row.end, row.cut_on or row.end) <= following.start
