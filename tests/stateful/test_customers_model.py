"""Random creations, updates, moves, subscriptions and days, each compared with a simple model: every rejection, and all
that is stored."""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import customer_writes
from app.db.database import Database
from app.services.preview_transition import TransitionPreview
from app.services.update_customer import UpdateCustomerCommand
from tests.stateful.billing_model import ACTIVE, Period, Subscription, in_months, next_period
from tests.stateful.company import Bench, Company
from tests.stateful.comparison import assert_same
from tests.stateful.model import Customer, Model
from tests.stateful.strategies import ACKNOWLEDGEMENT, CHILD, DIGEST, FIELDS, MODE, PARENT, PLACE, STATUS, VALUES
from tests.support.clock import DatabaseClock
from tests.support.thorough import number

EXAMPLES: str | None = os.environ.get("STATEFUL_EXAMPLES")


class CompanyMachine(RuleBasedStateMachine):
    """A company and its model, side by side."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.bench.clock.now = datetime(2026, 1, 10, 10, tzinfo=UTC)
        self.company = Company(self.bench)
        self.model = Model()
        self.keys = 0

    @property
    def today(self) -> date:
        return self.bench.clock.now.astimezone(ZoneInfo("Europe/Copenhagen")).date()

    def customer(self, place: int) -> Customer:
        return list(self.model.customers.values())[place % len(self.model.customers)]

    def subscription(self, place: int) -> Subscription:
        return list(self.model.books.subscriptions.values())[place % len(self.model.books.subscriptions)]

    @initialize()
    def begin_with_a_parent_and_two_others(self) -> None:
        self.create({"consolidation_mode": "SINGLE_INVOICE", "billing_day": 15}, None, None)
        self.start(0, "ACTIVE", "ADVANCE", "300.00", 1, 5, "whole")
        for place in (1, 2):
            self.create({}, None, None)
            self.start(place, "ACTIVE", "ADVANCE", "99.99", 1, 12, "whole")
            self.start(place, "ACTIVE", "ARREARS", "200.00", 1, 9, "whole")
        self.create({"billing_relationship": "PARENT_PAYS", "is_active": False}, None, 0)
        self.start(3, "ACTIVE", "ADVANCE", "300.00", 1, 2, "almost all credited")
        self.start(1, "TRIAL", "ADVANCE", "300.00", 1, 3, "nothing")
        self.start(2, "PENDING_CANCELLATION", "ADVANCE", "300.00", 1, 20, "whole")
        self.start(2, "PAUSED", "ADVANCE", "300.00", 1, 20, "whole")

    @rule(fields=FIELDS, number=st.sampled_from([None, None, "7", "A1"]), parent=st.none() | PLACE)
    def create(self, fields: dict[str, Any], number: str | None, parent: int | None) -> None:
        given = {"name": "New", "default_currency": "DKK"} | fields
        if parent is not None:
            given["parent_customer_id"] = self.customer(parent).id
        if number is not None:
            given["customer_number"] = number
        values: dict[str, Any] = {"id": uuid4(), "customer_number": self.model.next_number()} | given
        expected = Customer(**values)
        codes = self.model.creation_codes(expected, gives_number=number is not None)

        result = self.company.create(given)

        if codes:
            assert result == codes
        else:
            self.model.create(replace(expected, id=result.id))

    @rule(customer=PLACE, fields=FIELDS, acknowledgement=ACKNOWLEDGEMENT, digest=DIGEST)
    def update(self, customer: int, fields: dict[str, Any], acknowledgement: str, digest: str) -> None:
        self.change(self.customer(customer), fields, acknowledgement, digest)

    @rule(
        customer=PLACE,
        parent=PARENT,
        pays=st.sampled_from([True, True, False]),
        acknowledgement=ACKNOWLEDGEMENT,
        digest=DIGEST,
    )
    def move_under_a_parent(self, customer: int, parent: int, pays: bool, acknowledgement: str, digest: str) -> None:  # noqa: FBT001 - Hypothesis draws it
        relationship = {"billing_relationship": "PARENT_PAYS"} if pays else {}
        fields = {"parent_customer_id": self.customer(parent).id} | relationship
        self.change(self.customer(customer), fields, acknowledgement, digest)

    @rule(customer=CHILD, unknown=st.sampled_from([False, False, True]), acknowledgement=ACKNOWLEDGEMENT)
    def detach_or_move_to_nobody(self, customer: int, unknown: bool, acknowledgement: str) -> None:  # noqa: FBT001 - Hypothesis draws it
        fields = {"parent_customer_id": uuid4() if unknown else None}
        self.change(self.customer(customer), fields, acknowledgement, "none")

    @rule(customer=PARENT, mode=MODE, day=st.sampled_from([1, 15, 28]), acknowledgement=ACKNOWLEDGEMENT, digest=DIGEST)
    def change_the_mode(self, customer: int, mode: str | None, day: int, acknowledgement: str, digest: str) -> None:
        fields: dict[str, Any] = {"consolidation_mode": mode, "billing_day": day if mode else None}
        self.change(self.customer(customer), fields, acknowledgement, digest)

    @rule(customer=PARENT, name=st.sampled_from(["is_active", "default_currency", "billing_day"]), data=st.data())
    def change_what_children_rely_on(self, customer: int, name: str, data: st.DataObject) -> None:
        self.change(self.customer(customer), {name: data.draw(VALUES[name])}, "right", "none")

    @rule(customer=PLACE, version=st.integers(-2, 2).filter(bool))
    def update_what_has_moved_on(self, customer: int, version: int) -> None:
        of = self.customer(customer)
        command = UpdateCustomerCommand(of.id, {"name": "Late"}, expected_version=of.version + version)
        assert self.company.update(command, self.key())[0] == {"VERSION_CONFLICT"}

    @rule(
        customer=PLACE,
        status=STATUS,
        direction=st.sampled_from(["ADVANCE", "ADVANCE", "ARREARS"]),
        net=st.sampled_from(["300.00", "99.99", "200.00", "0.03", "0.00"]),
        months=st.sampled_from([1, 1, 3, 12]),
        ago=st.integers(-2, 27),
        billed=st.sampled_from(["whole", "whole", "nothing", "a part", "almost all credited"]),
        lasts=st.sampled_from([None, None, 5, 40]),
    )
    def start(
        self,
        customer: int,
        status: str,
        direction: str,
        net: str,
        months: int,
        ago: int,
        billed: str,
        lasts: int | None = None,
    ) -> None:
        of = self.customer(customer)
        begin = self.today - timedelta(days=ago)
        end = in_months(begin, months, begin.day)
        paid = Decimal(net) if direction == "ADVANCE" and billed != "nothing" else Decimal(0)
        if billed == "a part":
            paid = (Decimal(net) / 3).quantize(Decimal("0.01"))
        credited = paid * Decimal("0.90") if billed == "almost all credited" else Decimal(0)
        payer = self.model.arrangement(of.id).payer
        period = Period(payer, begin, end, Decimal(net), paid, credited.quantize(Decimal("0.01")))
        subscription = Subscription(
            uuid4(), of.id, status, direction, of.default_currency, Decimal(net), months, begin.day, end, [period]
        )
        subscription.ends_on = end if status == "PENDING_CANCELLATION" else None
        if lasts is not None:
            subscription.ends_on = self.today + timedelta(days=lasts)
        self.model.books.subscriptions[subscription.id] = subscription
        self.company.start(subscription)

    @precondition(lambda self: self.model.books.subscriptions)
    @rule(subscription=PLACE, status=STATUS)
    def change_the_status(self, subscription: int, status: str) -> None:
        of = self.subscription(subscription)
        of.status = status
        self.company.set_status(of)

    @precondition(lambda self: self.model.books.subscriptions)
    @rule(subscription=PLACE)
    def bill_on(self, subscription: int) -> None:
        of = self.subscription(subscription)
        start = of.current.end
        is_over = of.current.cut_on is not None or (of.ends_on is not None and of.ends_on <= start)
        if of.status not in ACTIVE or is_over or start > self.today:
            return
        period = next_period(of, self.model.arrangement(of.customer).payer, start, of.anchor)
        period.billed = period.net if of.direction == "ADVANCE" else Decimal(0)
        of.periods.append(period)
        self.company.bill_on(of)

    @rule(days=st.sampled_from([0, 1, 5, 12, 31, 70]), late=st.booleans())
    def time_passes(self, days: int, late: bool) -> None:  # noqa: FBT001 - Hypothesis draws it
        # Late in the evening in UTC it is the next day where the company is.
        now = self.bench.clock.now + timedelta(days=days)
        self.bench.clock.now = max(now.replace(hour=23 if late else 10), self.bench.clock.now)

    def key(self) -> str:
        self.keys += 1
        return f"key {self.keys}"

    def change(self, of: Customer, fields: dict[str, Any], acknowledgement: str, digest: str) -> None:
        after = self.model.after(of.id, fields)
        acknowledged = self.acknowledged(after, acknowledgement)
        codes = self.model.update_codes(after, acknowledged)
        command = UpdateCustomerCommand(of.id, fields, acknowledged)
        preview = self.company.preview(command)
        assert isinstance(preview, TransitionPreview)
        assert self.told({str(problem.code) for problem in preview.errors}) == self.told(codes)
        if preview.transition is not None:
            assert set(preview.transition.to_acknowledge) == set(self.model.needed(after))
        if digest != "none":
            command = replace(command, digest=preview.digest if digest == "of the preview" else digest)
            codes |= {"TRANSITION_CHANGED"} if digest == "of something else" else set()
        key = self.key()

        result, _ = self.company.update(command, key)

        if codes:
            assert isinstance(result, set)
            assert self.told(result) == self.told(codes)
        else:
            assert not isinstance(result, set), result
            self.model.update(after, self.today)
            assert self.company.update(command, key) == (result, True)

    def acknowledged(self, after: Customer, how: str) -> tuple[UUID, ...]:
        needed = self.model.needed(after)
        return {
            "right": tuple(needed),
            "none": (),
            "all but one": tuple(needed[1:]),
            "unknown": (*needed, uuid4()),
            "twice": (*needed, *needed[:1]),
            "all of its own": tuple(subscription.id for subscription in self.model.books.of(after.id)),
        }[how]

    @staticmethod
    def told(codes: set[str]) -> set[str]:
        # Who is its own parent breaks other rules as well, and no paper says which are told.
        return {"PARENT_CUSTOMER_SELF_REFERENCE"} if "PARENT_CUSTOMER_SELF_REFERENCE" in codes else codes

    @invariant()
    def all_that_is_stored_is_as_the_model_has_it(self) -> None:
        assert_same(self.company, self.model)


@pytest.mark.randomized
async def test_whatever_happens_in_whatever_order_the_company_is_as_the_model_has_it(
    database: Database, owner_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = DatabaseClock()
    monkeypatch.setattr(customer_writes, "clock", clock)
    CompanyMachine.bench = Bench(database, owner_engine, clock, asyncio.get_running_loop())
    bounds = settings(max_examples=int(EXAMPLES or number(15, 50)), stateful_step_count=25)
    await asyncio.to_thread(run_state_machine_as_test, CompanyMachine, settings=bounds)
