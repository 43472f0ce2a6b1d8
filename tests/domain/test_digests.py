"""Digests: equal exactly where the same is booked, and able to say what differs."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import Arrangement
from app.domain.customers import ConsolidationMode
from app.domain.cutting import cuts
from app.domain.digests import difference, digest_of
from app.domain.errors import Difference
from app.domain.transition import Transition
from tests.support.billing_examples import CUT, JUNE

SELF = Arrangement(UUID(int=1), ConsolidationMode.PER_CHILD_INVOICE, None)
PARENT = Arrangement(UUID(int=2), ConsolidationMode.SINGLE_INVOICE, 15)


def transition(*ids: int) -> Transition:
    moved = [replace(JUNE, id=UUID(int=number)) for number in ids]
    made = tuple(cuts(moved, SELF, PARENT, CUT))
    return Transition(UUID(int=1), CUT, SELF, PARENT, made, {UUID(int=1): PARENT}, (), tuple(row.id for row in moved))


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_the_difference_names_who_came_and_who_went(before: set[int], now: set[int]) -> None:
    found = difference(digest_of(transition(*before)), transition(*now))

    assert {id_.int for id_ in found.added} == now - before
    assert {id_.int for id_ in found.removed} == before - now
    assert found.changed == ()


def test_equal_transitions_have_equal_digests_and_no_difference() -> None:
    assert digest_of(transition(3, 4)) == digest_of(transition(3, 4))
    assert difference(digest_of(transition(3, 4)), transition(3, 4)) == Difference((), (), ())


def test_another_price_changes_one_subscription_and_another_day_all() -> None:
    planned = transition(3, 4)
    first, second = planned.cuts
    dearer = replace(planned, cuts=(first, replace(second, following_net=second.following_net + 1)))
    tomorrow = replace(planned, effective_on=CUT + timedelta(days=1))

    assert difference(digest_of(planned), dearer).changed == (UUID(int=4),)
    assert difference(digest_of(planned), tomorrow).changed == (UUID(int=3), UUID(int=4))


def test_a_change_that_moves_nothing_has_a_digest_of_its_own() -> None:
    assert digest_of(None) != digest_of(transition())
    assert difference(digest_of(None), transition(3)).added == (UUID(int=3),)
    assert difference(digest_of(transition(3)), None).removed == (UUID(int=3),)


@pytest.mark.parametrize("text", ["", "x", "of something else", "ø", "AAAA" * 99, digest_of(transition(3))[:-1] + "!"])
def test_of_a_text_that_is_no_digest_everything_is_new(text: str) -> None:
    found = difference(text, transition(3, 4))

    assert {*found.added, *found.changed} >= {UUID(int=3), UUID(int=4)}
