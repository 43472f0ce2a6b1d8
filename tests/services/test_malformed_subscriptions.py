"""A malformed field of a subscription hides no problem but those of the rules that depend on it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Path
from app.domain.upserts import RejectionPolicy
from tests.services.updates import PARENT, update
from tests.support.mirror import AUGUST, JULY, JUNE, mirror, new_subscription, period
from tests.support.records import Records
from tests.support.thorough import examples

pytestmark = pytest.mark.usefixtures("clock")
FIXED, INCONSISTENT = ErrorCode.SUBSCRIPTION_FIELD_FIXED, ErrorCode.SUBSCRIPTION_INCONSISTENT
TRIED = settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""All examples are tried in the world of one test, because they are dry runs."""
MALFORMED = "?"
PLAIN: Mapping[str, Sequence[Any]] = {
    "status": ["ACTIVE", "PAUSED", "TRIAL", "SCHEDULED", "PENDING_CANCELLATION", "CANCELLED"],
    "currency": ["DKK", "EUR"],
    "interval_months": [1, 3],
    "anchor_day": [1, 15],
    "started_on": [date(2026, 1, 1), JULY],
    "ends_on": [None, date(2026, 5, 1), date(2026, 6, 10), date(2027, 1, 1)],
    "trial_ends_on": [None, date(2025, 12, 1), date(2026, 6, 10), JULY],
    "next_billing_date": [None, JULY, date(2030, 1, 1)],
}
PERIOD: Mapping[str, Sequence[Any]] = {
    "starts_on": [JUNE, date(2026, 6, 10), JULY],
    "ends_on": [JULY, JUNE, date(2027, 1, 1)],
    "net_amount": [300, 200],
    "billed_amount": [0, 300, 400],
    "credited_amount": [0, 500],
    "billed_on": [None, JUNE, date(2020, 1, 1)],
}
OTHERS: Mapping[str, Sequence[Any]] = {"customer": ["own", "other"], "expected_version": [1, 2, 3, 9]}
KEYS = ["plain", "billed elsewhere", "moved", "moved and known", "new"]
RIGHT: dict[tuple[str, ...], Sequence[Any]] = {
    **{(name,): found for name, found in {**PLAIN, **OTHERS}.items()},
    **{("current_period", name): found for name, found in PERIOD.items()},
}
"""Values of each field that a rule needs."""


def some(values: Mapping[str, Sequence[Any]], *always: str) -> st.SearchStrategy[dict[str, Any]]:
    drawn = {name: st.sampled_from(found) for name, found in values.items()}
    return st.fixed_dictionaries(
        {name: drawn[name] for name in always},
        optional={name: value for name, value in drawn.items() if name not in always},
    )


def with_period(fields: dict[str, Any], sent: dict[str, Any] | None) -> dict[str, Any]:
    return fields if sent is None else fields | {"current_period": sent}


ROWS = st.builds(with_period, some({**PLAIN, **OTHERS}), st.none() | some(PERIOD, "starts_on", "ends_on"))


@pytest.fixture
async def customers(unit_of_work: UnitOfWork, records: Records) -> dict[str, UUID]:
    """The owner of stored subscriptions, and another customer."""
    own, other = await records.customer(**PARENT), await records.customer()
    rows_of_own = [new_subscription(own, key) for key in ("moved", "moved and known")]
    await mirror(unit_of_work, *rows_of_own)
    await update(unit_of_work, own, {"billing_day": 20})
    await mirror(unit_of_work, {"external_system_id": "moved and known", "name": "Seen", "expected_version": 2})
    unbilled = new_subscription(own, "billed elsewhere", current_period=period())
    await mirror(unit_of_work, new_subscription(own, "plain"), unbilled)
    return {"own": own, "other": other}


class Told(NamedTuple):
    path: Path
    code: ErrorCode
    message: str


async def found(unit_of_work: UnitOfWork, *sent: dict[str, Any]) -> list[Counter[Told]]:
    """Return the problems of each row, which is judged alone."""
    told: list[Counter[Told]] = []
    for row in sent:
        outcome = await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW, dry_run=True)
        problems = outcome.results[0].errors
        if any(problem.code is ErrorCode.MORE_PROBLEMS for problem in problems):
            reject()
        told.append(Counter(Told(problem.path[2:], problem.code, problem.message) for problem in problems))
    return told


def row_of(key: str, sent: dict[str, Any], customers: Mapping[str, UUID]) -> dict[str, Any]:
    """Return a row of which each field has a value, and which changes the name of a stored subscription."""
    row = {"external_system_id": key, "name": "Changed", **sent}
    if row.get("customer") in customers:
        row["customer"] = {"id": customers[row["customer"]]}
    return new_subscription(customers["own"], key) | row if key == "new" else row


@TRIED
@given(key=st.sampled_from(KEYS), sent=ROWS, field=st.sampled_from(["name", "billing_direction"]))
async def test_a_malformed_field_that_no_rule_needs_adds_exactly_its_problem(
    unit_of_work: UnitOfWork, customers: dict[str, UUID], key: str, sent: dict[str, Any], field: str
) -> None:
    row = row_of(key, sent, customers)

    plain, malformed = await found(unit_of_work, row, row | {field: "" if field == "name" else MALFORMED})

    assert plain <= malformed
    assert [path for path, *_ in malformed - plain] == [(field,)]


@TRIED
@given(key=st.sampled_from(KEYS), sent=ROWS, path=st.sampled_from([*RIGHT]))
async def test_a_malformed_field_causes_only_problems_of_right_values(
    unit_of_work: UnitOfWork, customers: dict[str, UUID], key: str, sent: dict[str, Any], path: tuple[str, ...]
) -> None:
    def having(value: object) -> dict[str, Any]:
        if len(path) == 1:
            return row_of(key, sent | {path[0]: value}, customers)
        row = row_of(key, sent, customers)
        return row | {"current_period": {**row.get("current_period", period()), path[1]: value}}

    malformed, *others = await found(unit_of_work, *map(having, [MALFORMED, *RIGHT[path]]))

    (own,) = (problem for problem in malformed if problem.path == path)
    assert own.code in {ErrorCode.FIELD_INVALID, ErrorCode.FIELD_REQUIRED}
    for valid in others:
        assert malformed.keys() - {own} <= valid.keys()


@TRIED
@given(sent=ROWS)
async def test_an_unknown_customer_adds_exactly_its_problem(
    unit_of_work: UnitOfWork, customers: dict[str, UUID], sent: dict[str, Any]
) -> None:
    row = row_of("new", sent, customers)

    known, unknown = await found(
        unit_of_work, row | {"customer": {"id": customers["other"]}}, row | {"customer": {"id": uuid4()}}
    )

    assert known <= unknown
    assert [path for path, *_ in unknown - known] == [("customer", "id")]


async def test_a_malformed_name_hides_no_conflict_with_what_is_stored(
    unit_of_work: UnitOfWork, customers: dict[str, UUID]
) -> None:
    id_ = (await mirror(unit_of_work, {"external_system_id": "plain"})).results[0].subscription
    assert id_ is not None
    row = {"id": id_.id, "external_system_id": "moved", "currency": "EUR", "expected_version": 9, "name": ""}

    (problems,) = await found(unit_of_work, row | {"customer": {"id": customers["other"]}})

    assert [(path, code) for path, code, _ in problems] == [
        (("name",), ErrorCode.FIELD_REQUIRED),
        (("expected_version",), ErrorCode.VERSION_CONFLICT),
        (("customer",), FIXED),
        (("currency",), FIXED),
        (("external_system_id",), ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS),
    ]


async def test_a_missing_price_hides_no_contradiction_of_other_fields(
    unit_of_work: UnitOfWork, customers: dict[str, UUID]
) -> None:
    sent = {"starts_on": JUNE, "ends_on": JUNE, "credited_amount": 1}
    row = new_subscription(customers["other"], "new", status="PENDING_CANCELLATION", current_period=sent)

    (problems,) = await found(unit_of_work, row | {"next_billing_date": AUGUST, "started_on": JULY})

    assert [(path, code) for path, code, _ in problems] == [
        (("current_period", "net_amount"), ErrorCode.FIELD_REQUIRED),
        (("started_on",), INCONSISTENT),
        (("ends_on",), INCONSISTENT),
        (("current_period", "ends_on"), INCONSISTENT),
        (("current_period", "credited_amount"), INCONSISTENT),
        (("next_billing_date",), INCONSISTENT),
    ]
