"""updateCustomer and its preview, as a caller sees them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import customer_writes
from app.db.database import Database
from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.clock import DatabaseClock
from tests.support.records import Records
from tests.support.untouched import everything_of

UPDATE = """
mutation ($input: UpdateCustomerInput!) {
  updateCustomer(input: $input) {
    customer { id name parentCustomerId billingRelationship version }
    changedFields replayed
    errors { __typename code path message httpStatus
      ... on SubscriptionsError { subscriptionIds } ... on CustomersError { customerIds }
      ... on VersionConflictError { expectedVersion actualVersion changedFields } ... on LimitError { limit actual }
      ... on MetadataError { key } ... on TransitionChangedError { digest } }
  }
}
"""
PREVIEW = """
query ($input: UpdateCustomerInput!) {
  billingTransitionPreview(input: $input) {
    cuts { subscriptionId customerId cutOn newPeriodEnd nextBillingDate currency
           lines { kind amount days periodStart periodEnd payer { name } } line { amount } }
    moves { subscriptionId customerId name nextBillingDate newPayer { name } }
    documents { kind total currency payer { name } customer { name } }
    totals { payer { name } currency credited invoiced }
    subscriptionTransitions { subscriptionId }
    digest
    errors { code path httpStatus }
  }
}
"""


async def update(caller: Caller, **given: Any) -> dict[str, Any]:
    return (await caller.data(UPDATE, input=given))["updateCustomer"]


async def errors(caller: Caller, **given: Any) -> list[dict[str, Any]]:
    return (await update(caller, **given))["errors"]


async def test_the_preview_hands_over_all_that_the_update_needs(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(name="Parent", consolidation_mode="SINGLE_INVOICE", billing_day=15)
    customer = await records.customer(name="Child")
    subscription = await records.subscription(customer)
    change = {"id": str(customer), "parentCustomerId": str(parent), "billingRelationship": "PARENT_PAYS"}
    before = await everything_of(owner_engine, company)

    preview = (await caller.data(PREVIEW, input=change))["billingTransitionPreview"]

    assert await everything_of(owner_engine, company) == before
    assert preview["errors"] == [
        {
            "code": "SUBSCRIPTION_TRANSITIONS_REQUIRED",
            "path": ["input", "subscriptionTransitions"],
            "httpStatus": 422,
        }
    ]
    assert preview["subscriptionTransitions"] == [{"subscriptionId": str(subscription)}]
    updated = await update(
        caller,
        **change,
        subscriptionTransitions=preview["subscriptionTransitions"],
        transitionDigest=preview["digest"],
    )
    assert updated["errors"] == []
    assert updated["changedFields"] == ["billingRelationship", "parentCustomerId"]
    assert updated["customer"]["billingRelationship"] == "PARENT_PAYS"


async def test_the_preview_shows_every_line_and_what_moves_along(
    caller: Caller, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = DatabaseClock()
    clock.now = datetime(2026, 8, 4, 10, tzinfo=UTC)
    monkeypatch.setattr(customer_writes, "clock", clock)
    parent = await records.customer(name="Parent", consolidation_mode="SINGLE_INVOICE", billing_day=15)
    customer = await records.customer(name="Child")
    overdue = await records.subscription(customer)
    await records.period(overdue, customer, billed_amount=300)
    paused = await records.subscription(customer, name="Paused", status="PAUSED", next_billing_date=date(2026, 7, 1))
    await records.period(paused, customer)
    change = {"id": str(customer), "parentCustomerId": str(parent), "billingRelationship": "PARENT_PAYS"}

    preview = (await caller.data(PREVIEW, input=change))["billingTransitionPreview"]

    (cut,) = preview["cuts"]
    child = {"name": "Child"}
    assert cut["lines"] == [
        {
            "kind": "INVOICE",
            "amount": "300.00",
            "days": 31,
            "periodStart": "2026-07-01",
            "periodEnd": "2026-08-01",
            "payer": child,
        },
        {
            "kind": "INVOICE",
            "amount": "29.03",
            "days": 3,
            "periodStart": "2026-08-01",
            "periodEnd": "2026-08-04",
            "payer": child,
        },
    ]
    assert (cut["line"], cut["cutOn"]) == ({"amount": "300.00"}, "2026-08-04")
    assert preview["documents"][0]["total"] == "329.03"
    assert preview["moves"] == [
        {
            "subscriptionId": str(paused),
            "customerId": str(customer),
            "name": "Paused",
            "nextBillingDate": "2026-07-15",
            "newPayer": {"name": "Parent"},
        }
    ]


async def test_what_a_transition_booked_is_read_back_from_its_payload(
    caller: Caller, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = DatabaseClock()
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    monkeypatch.setattr(customer_writes, "clock", clock)
    parent = await records.customer(name="Parent")
    customer = await records.customer(name="Child")
    subscription = await records.subscription(customer, billing_direction="ARREARS")
    await records.period(subscription, customer)
    document = """
    mutation ($input: UpdateCustomerInput!) {
      updateCustomer(input: $input) {
        errors { code }
        transition {
          customer { name } actor
          documents { kind total payer { name } customer { name } lines { days amount subscription { name } } }
          periods { sequence payer { name } subscription { id periods { sequence payer { name } } } }
        }
      }
    }
    """
    given = {
        "id": str(customer),
        "parentCustomerId": str(parent),
        "billingRelationship": "PARENT_PAYS",
        "subscriptionTransitions": [{"subscriptionId": str(subscription)}],
    }

    booked = (await caller.data(document, input=given))["updateCustomer"]["transition"]

    assert (booked["customer"]["name"], booked["actor"]) == ("Child", "tester")
    (invoice,) = booked["documents"]
    assert (invoice["kind"], invoice["total"], invoice["payer"]["name"]) == ("INVOICE", "300.00", "Child")
    assert invoice["lines"] == [{"days": 30, "amount": "300.00", "subscription": {"name": "Subscription"}}]
    (period,) = booked["periods"]
    assert (period["sequence"], period["payer"]["name"]) == (2, "Parent")
    assert [(listed["sequence"], listed["payer"]["name"]) for listed in period["subscription"]["periods"]] == [
        (2, "Parent"),
        (1, "Child"),
    ]


async def test_all_problems_of_an_input_are_reported_at_once_each_at_its_path(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)

    found = await errors(
        caller, id=str(customer), name=None, email="nobody", countryCode="XX", billingDay=29, metadata={"": 1}
    )

    assert {(problem["code"], tuple(problem["path"]), problem["httpStatus"]) for problem in found} == {
        ("FIELD_NOT_CLEARABLE", ("input", "name"), 400),
        ("FIELD_INVALID", ("input", "email"), 400),
        ("FIELD_INVALID", ("input", "countryCode"), 400),
        ("FIELD_INVALID", ("input", "billingDay"), 400),
        ("METADATA_VALUE_INVALID", ("input", "metadata", ""), 400),
    }
    assert await everything_of(owner_engine, company) == before


async def rules(records: Records) -> dict[str, tuple[dict[str, Any], set[str]]]:
    """For each rule, an input that breaks it and the codes that it is rejected with."""
    single = {"consolidation_mode": "SINGLE_INVOICE", "billing_day": 15}
    plain, parent = await records.customer(), await records.customer(**single)
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    inactive = await records.customer(is_active=False)
    euro = await records.customer(default_currency="EUR")
    taken = await records.customer(customer_number="T-1", external_system_id="taken")
    assert taken
    active = await records.customer()
    subscription = await records.subscription(active)
    ended = await records.subscription(active, status="CANCELLED")
    link = {"id": str(active), "parentCustomerId": str(plain)}

    def acknowledging(*ids: UUID) -> dict[str, Any]:
        return {**link, "subscriptionTransitions": [{"subscriptionId": str(id_)} for id_ in ids]}

    return {
        "customer": ({"id": str(uuid4()), "name": "x"}, {"CUSTOMER_NOT_FOUND"}),
        "group": ({"id": str(plain), "customerGroupId": str(uuid4())}, {"CUSTOMER_GROUP_NOT_FOUND"}),
        "number": ({"id": str(plain), "customerNumber": "T-1"}, {"CUSTOMER_NUMBER_ALREADY_EXISTS"}),
        "external": ({"id": str(plain), "externalSystemId": " taken "}, {"EXTERNAL_SYSTEM_ID_ALREADY_EXISTS"}),
        "parent": ({"id": str(plain), "parentCustomerId": str(uuid4())}, {"PARENT_CUSTOMER_NOT_FOUND"}),
        "self": ({"id": str(plain), "parentCustomerId": str(plain)}, {"PARENT_CUSTOMER_SELF_REFERENCE"}),
        "level": ({"id": str(plain), "parentCustomerId": str(child)}, {"PARENT_CUSTOMER_IS_CHILD"}),
        "children": (
            {"id": str(parent), "parentCustomerId": str(plain), "consolidationMode": None, "billingDay": None},
            {"CUSTOMER_HAS_CHILDREN"},
        ),
        "payer": ({"id": str(plain), "billingRelationship": "PARENT_PAYS"}, {"PARENT_CUSTOMER_REQUIRED"}),
        "inactive": ({"id": str(plain), "parentCustomerId": str(inactive)}, {"PARENT_CUSTOMER_INACTIVE"}),
        "currency": (
            {"id": str(euro), "parentCustomerId": str(parent), "billingRelationship": "PARENT_PAYS"},
            {"PARENT_CURRENCY_MISMATCH"},
        ),
        "currency of the child": ({"id": str(child), "defaultCurrency": "EUR"}, {"PARENT_CURRENCY_MISMATCH"}),
        "currency of the parent": ({"id": str(parent), "defaultCurrency": "EUR"}, {"PARENT_CURRENCY_MISMATCH"}),
        "day": ({"id": str(plain), "consolidationMode": "SINGLE_INVOICE"}, {"BILLING_DAY_REQUIRED"}),
        "day cleared": ({"id": str(parent), "billingDay": None}, {"BILLING_DAY_REQUIRED"}),
        "settings": ({"id": str(child), "billingDay": 3}, {"CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"}),
        "deactivation": ({"id": str(parent), "isActive": False}, {"CUSTOMER_HAS_ACTIVE_CHILDREN"}),
        "absent": (link, {"SUBSCRIPTION_TRANSITIONS_REQUIRED"}),
        "empty": (acknowledging(), {"SUBSCRIPTION_TRANSITIONS_REQUIRED"}),
        "unknown": (
            acknowledging(uuid4()),
            {"SUBSCRIPTION_TRANSITIONS_UNKNOWN", "SUBSCRIPTION_TRANSITIONS_INCOMPLETE"},
        ),
        "ended": (acknowledging(subscription, ended), {"SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE"}),
        "twice": (acknowledging(subscription, subscription), {"SUBSCRIPTION_TRANSITIONS_DUPLICATE"}),
        "not needed": (
            {"id": str(active), "name": "x", "subscriptionTransitions": [{"subscriptionId": str(subscription)}]},
            {"SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED"},
        ),
        "digest": (
            {**acknowledging(subscription), "transitionDigest": "of something else"},
            {"TRANSITION_CHANGED"},
        ),
        "version": ({"id": str(plain), "name": "x", "expectedVersion": 7}, {"VERSION_CONFLICT"}),
        "both forms": ({"id": str(plain), "metadata": {}, "metadataSet": {"a": 1}}, {"FIELD_CONFLICT"}),
    }


async def test_every_broken_rule_has_its_code_in_update_and_preview_and_writes_nothing(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    cases = await rules(records)
    before = await everything_of(owner_engine, company)

    for name, (given, codes) in cases.items():
        preview = (await caller.data(PREVIEW, input=given))["billingTransitionPreview"]
        found = await errors(caller, **given)
        assert {problem["code"] for problem in found} == codes, name
        assert {problem["code"] for problem in preview["errors"]} == codes, name

    assert await everything_of(owner_engine, company) == before


async def test_a_problem_carries_the_ids_that_it_is_about(caller: Caller, records: Records) -> None:
    owner = await records.customer(external_system_id="x")
    customer = await records.customer()
    first, second = await records.subscription(customer), await records.subscription(customer)
    parent = await records.customer()

    (taken,) = await errors(caller, id=str(customer), externalSystemId="x")
    (incomplete,) = await errors(
        caller,
        id=str(customer),
        parentCustomerId=str(parent),
        subscriptionTransitions=[{"subscriptionId": str(first)}],
    )

    assert (taken["__typename"], taken["customerIds"], taken["httpStatus"]) == ("CustomersError", [str(owner)], 409)
    assert (incomplete["__typename"], incomplete["subscriptionIds"]) == ("SubscriptionsError", [str(second)])


async def test_a_version_conflict_shows_what_changed_and_what_is_stored(caller: Caller, records: Records) -> None:
    customer = await records.customer(name="One")
    await update(caller, id=str(customer), name="Two")

    rejected = await update(caller, id=str(customer), name="Three", expectedVersion=1)

    assert rejected["customer"]["name"] == "Two"
    (error,) = rejected["errors"]
    assert (error["expectedVersion"], error["actualVersion"], error["changedFields"]) == (1, 2, ["name"])


async def test_another_companys_customer_parent_and_subscriptions_do_not_exist(
    caller: Caller, records: Records, database: Database, owner_engine: AsyncEngine
) -> None:
    mine = await records.customer()
    await records.subscription(mine)
    other_company = Caller(database, await another_company(owner_engine))
    theirs = Records(owner_engine, other_company.company_id)
    foreign = await theirs.customer(external_system_id="theirs")
    foreign_subscription = await theirs.subscription(foreign)

    (unknown,) = await errors(other_company, id=str(mine), name="x")
    (parent,) = await errors(other_company, id=str(await theirs.customer()), parentCustomerId=str(mine))
    assert [unknown["code"], parent["code"]] == ["CUSTOMER_NOT_FOUND", "PARENT_CUSTOMER_NOT_FOUND"]
    found = await errors(
        caller,
        id=str(mine),
        parentCustomerId=str(await records.customer()),
        subscriptionTransitions=[{"subscriptionId": str(foreign_subscription)}],
    )
    assert {problem["code"] for problem in found} == {
        "SUBSCRIPTION_TRANSITIONS_UNKNOWN",
        "SUBSCRIPTION_TRANSITIONS_INCOMPLETE",
    }
    assert (await update(caller, id=str(mine), externalSystemId="theirs"))["errors"] == []


async def another_company(engine: AsyncEngine) -> UUID:
    company_id = uuid4()
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO companies (id, name, base_currency) VALUES ($1, 'Other', 'DKK')", (company_id,)
        )
    return company_id


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [((), "customers-write"), ((Scope.CUSTOMERS_READ,), "customers-write"), ((Scope.CUSTOMERS_WRITE,), None)],
)
async def test_writing_needs_its_own_scope_and_nothing_else(
    caller: Caller, records: Records, scopes: tuple[Scope, ...], missing: str | None
) -> None:
    customer = await records.customer()
    caller.scopes = scopes
    if missing is None:
        assert (await update(caller, id=str(customer), name="Written"))["customer"]["name"] == "Written"
    else:
        rejection = await caller.rejection(UPDATE, input={"id": str(customer), "name": "x"})
        assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", missing)


async def test_a_rejection_shows_nothing_stored_to_a_credential_that_may_not_read(
    caller: Caller, records: Records
) -> None:
    await records.customer(external_system_id="x")
    customer = await records.customer(name="Secret")
    caller.scopes = (Scope.CUSTOMERS_WRITE,)

    taken = await update(caller, id=str(customer), externalSystemId="x")
    conflict = await update(caller, id=str(customer), name="y", expectedVersion=9)

    assert [problem["customerIds"] for problem in taken["errors"]] == [[]]
    assert (conflict["customer"], conflict["errors"][0]["code"]) == (None, "VERSION_CONFLICT")


async def test_what_is_read_after_a_write_is_what_was_written(caller: Caller, records: Records) -> None:
    customer = await records.customer(name="One")
    both = """
    mutation ($id: ID!) {
      a: updateCustomer(input: {id: $id, name: "Two"}) { customer { name group { customers { nodes { name } } } } }
      b: updateCustomer(input: {id: $id, name: "Three"}) { customer { name group { customers { nodes { name } } } } }
    }
    """

    data = await caller.data(both, id=str(customer))

    names = [data[alias]["customer"]["group"]["customers"]["nodes"][0]["name"] for alias in ("a", "b")]
    assert names == ["Two", "Three"]


async def test_an_operation_of_several_mutations_needs_one_connection_at_a_time(
    caller: Caller, records: Records, service_dsn: str
) -> None:
    customer = await records.customer(name="One")
    several = """
    mutation ($id: ID!) {
      a: updateCustomer(input: {id: $id, name: "Two"}) { customer { group { id } } }
      b: updateCustomer(input: {id: $id, name: "Three"}) { customer { group { id } } }
      c: updateCustomer(input: {id: $id, name: "Four"}) { customer { name } }
    }
    """
    single = Database(service_dsn, pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=5)
    try:
        caller.database = single
        assert (await caller.data(several, id=str(customer)))["c"]["customer"]["name"] == "Four"
    finally:
        await single.dispose()


async def test_an_idempotency_key_writes_once_and_answers_again(caller: Caller, records: Records) -> None:
    customer = await records.customer(name="One")
    first = await update(caller, id=str(customer), name="Two", idempotencyKey="k")
    await update(caller, id=str(customer), name="Three")

    again = await update(caller, id=str(customer), name="Two", idempotencyKey="k")
    (reused,) = await errors(caller, id=str(customer), name="Other", idempotencyKey="k")

    assert again == {**first, "replayed": True}
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_malformed_ids_fields_and_keys_are_reported_in_order_and_previewed(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)
    given = {
        "subscriptionTransitions": [{"subscriptionId": "one"}],
        "idempotencyKey": " ",
        "email": "no address",
        "name": None,
    }
    wrong = [
        ("FIELD_INVALID", "subscriptionTransitions.0.subscriptionId"),
        ("FIELD_NOT_CLEARABLE", "name"),
        ("FIELD_INVALID", "email"),
        ("FIELD_INVALID", "idempotencyKey"),
    ]

    def seen(problems: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(problem["code"], ".".join(problem["path"][1:])) for problem in problems]

    assert seen(await errors(caller, id=str(customer), **given)) == wrong
    assert seen(await errors(caller, id="none", **given)) == [("FIELD_INVALID", "id"), *wrong]
    preview = (await caller.data(PREVIEW, input={"id": str(customer), **given}))["billingTransitionPreview"]
    assert seen(preview["errors"]) == wrong
    assert await everything_of(owner_engine, company) == before


async def test_a_changed_transition_names_no_subscriptions_without_the_scope_to_read(
    database: Database, company: UUID, records: Records
) -> None:
    customer = await records.customer()
    await records.subscription(customer)
    writer = Caller(database, company, scopes=[Scope.CUSTOMERS_WRITE])
    parent = str(await records.customer())

    found = await errors(writer, id=str(customer), parentCustomerId=parent, transitionDigest="another")

    assert [problem["digest"] for problem in found if problem["code"] == "TRANSITION_CHANGED"] == [None]
