"""What the machine draws: mostly what may happen, with enough of what is refused."""

from typing import Any

from hypothesis import strategies as st

PLACE = st.integers(0, 50)
"""Which of those that are there by then; any place counts round."""
# The first is made a parent that consolidates, the next two have subscriptions: what is most worth moving.
PARENT = st.one_of(st.just(0), st.just(0), PLACE)
CHILD = st.one_of(st.sampled_from([1, 2]), st.sampled_from([1, 2]), PLACE)
STATUS = st.sampled_from(["ACTIVE", "ACTIVE", "TRIAL", "PENDING_CANCELLATION", "PAUSED", "SCHEDULED", "CANCELLED"])
MODE = st.sampled_from(["SINGLE_INVOICE", "PER_CHILD_INVOICE", None])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["One", "Two"]),
    "external_system_id": st.sampled_from(["a", "b", None]),
    "default_currency": st.sampled_from(["DKK", "DKK", "EUR", "JPY"]),
    "is_active": st.booleans(),
    "billing_relationship": st.sampled_from(["SELF", "PARENT_PAYS"]),
    "consolidation_mode": MODE,
    "billing_day": st.sampled_from([1, 15, 28, None]),
}
FIELDS = st.lists(st.sampled_from(sorted(VALUES)), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)
ACKNOWLEDGEMENT = st.sampled_from(["right"] * 10 + ["none", "all but one", "unknown", "twice", "all of its own"])
DIGEST = st.sampled_from(["none", "none", "of the preview", "of the preview", "of something else"])
