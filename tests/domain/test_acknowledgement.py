"""What must be acknowledged: when a change moves subscriptions, and which of them must be named."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    ACTIVE,
    AcknowledgementProblem,
    Arrangement,
    Party,
    arrangement,
    check_acknowledgement,
    is_triggered,
)
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.cutting import cuts
from app.domain.subscriptions import SubscriptionStatus
from tests.domain.billing_strategies import ids, statuses
from tests.support.billing_examples import CUT, JUNE, OTHER, OWN, PARENT, PAYER, single


@given(
    own=st.dictionaries(ids, statuses, max_size=8),
    named=st.lists(ids, max_size=3),
    data=st.data(),
    triggered=st.booleans(),
)
def test_a_change_is_acknowledged_only_if_exactly_the_active_ones_are_named_once(
    own: dict[UUID, SubscriptionStatus], named: list[UUID], data: st.DataObject, *, triggered: bool
) -> None:
    of_own = data.draw(st.lists(st.sampled_from(sorted(own)), max_size=8)) if own else []
    acknowledged = data.draw(st.permutations([*named, *of_own]))
    needed = {id_ for id_, status in own.items() if status in ACTIVE} if triggered else set[UUID]()

    problems = check_acknowledgement(acknowledged, own, triggered=triggered)

    assert (not problems) == (set(acknowledged) == needed and len(acknowledged) == len(needed))


@given(own=st.dictionaries(ids, statuses, max_size=8), data=st.data())
def test_naming_the_active_ones_in_any_order_is_enough(
    own: dict[UUID, SubscriptionStatus], data: st.DataObject
) -> None:
    active = [id_ for id_, status in own.items() if status in ACTIVE]

    assert check_acknowledgement(data.draw(st.permutations(active)), own, triggered=True) == {}


def test_every_problem_is_found_at_once_each_with_its_ids() -> None:
    missing, named, paused, unknown = (UUID(int=number) for number in range(1, 5))
    own = {
        missing: SubscriptionStatus.TRIAL,
        named: SubscriptionStatus.ACTIVE,
        paused: SubscriptionStatus.PAUSED,
    }

    assert check_acknowledgement([named, paused, named, unknown, unknown], own, triggered=True) == {
        AcknowledgementProblem.INCOMPLETE: [missing],
        AcknowledgementProblem.UNKNOWN: [unknown],
        AcknowledgementProblem.NOT_ACTIVE: [paused],
        AcknowledgementProblem.DUPLICATE: [named, unknown],
    }


@pytest.mark.parametrize("nothing", [None, ()])
def test_naming_none_is_a_problem_where_some_are_active_and_none_where_none_is(
    nothing: tuple[UUID, ...] | None,
) -> None:
    active, ended = {UUID(int=1): SubscriptionStatus.ACTIVE}, {UUID(int=1): SubscriptionStatus.EXPIRED}

    assert check_acknowledgement(nothing, active, triggered=True) == {AcknowledgementProblem.REQUIRED: [UUID(int=1)]}
    assert check_acknowledgement(nothing, ended, triggered=True) == {}
    assert check_acknowledgement(nothing, active, triggered=False) == {}


def test_naming_any_is_a_problem_where_nothing_moves() -> None:
    own = {UUID(int=1): SubscriptionStatus.ACTIVE}

    problems = check_acknowledgement([UUID(int=1)], own, triggered=False)

    assert problems == {AcknowledgementProblem.NOT_ALLOWED: [UUID(int=1)]}


def party(parent: UUID | None, relationship: str, mode: str | None = None, billing_day: int | None = None) -> Party:
    named = None if mode is None else ConsolidationMode(mode)
    return Party(PAYER, parent, BillingRelationship(relationship), named, billing_day)


@pytest.mark.parametrize(
    ("after", "triggered"),
    [
        (party(PARENT, "SELF"), False),
        (party(PARENT, "PARENT_PAYS"), True),
        (party(None, "SELF"), True),
        (party(UUID(int=9), "SELF"), True),
        (party(PARENT, "SELF", "PER_CHILD_INVOICE"), True),
        (party(PARENT, "SELF", None, 7), False),
    ],
)
def test_a_change_of_parent_relationship_or_mode_is_one_that_must_be_acknowledged(
    after: Party, *, triggered: bool
) -> None:
    assert is_triggered(party(PARENT, "SELF"), after) is triggered


@pytest.mark.parametrize(
    ("customer", "mode", "day", "expected"),
    [
        ("SELF", "SINGLE_INVOICE", 7, OWN),
        ("PARENT_PAYS", None, None, OTHER),
        ("PARENT_PAYS", "PER_CHILD_INVOICE", 7, OTHER),
        ("PARENT_PAYS", "SINGLE_INVOICE", 7, single(7)),
    ],
)
def test_the_mode_of_whoever_pays_is_the_one_that_applies(
    customer: str, mode: str | None, day: int | None, expected: Arrangement
) -> None:
    parent = replace(party(None, "SELF", mode, day), id=PARENT)

    assert arrangement(party(PARENT, customer), parent) == expected


def test_linking_a_parent_that_does_not_pay_cuts_nothing() -> None:
    alone, linked = party(None, "SELF"), party(PARENT, "SELF")
    parent = replace(party(None, "SELF", "SINGLE_INVOICE", 7), id=PARENT)

    assert is_triggered(alone, linked)
    assert cuts([JUNE], arrangement(alone, None), arrangement(linked, parent), CUT) == []
