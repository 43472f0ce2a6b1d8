"""Answers in another spelling: what a plan writes is, byte for byte, what is written again of its usual answer."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings

from app.db.database import Database
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.identity import Scope
from app.engine.execution import Execution
from tests.differential import edge_cases, everything
from tests.differential.applications import Request
from tests.differential.contract import contract
from tests.differential.documents import Example, examples
from tests.differential.pitfalls import PITFALLS
from tests.differential.runner import Runner
from tests.differential.spelled import EVERYTHING, Spelled
from tests.differential.world import Company
from tests.support.databases import execute, opened, service_login
from tests.support.records import Records, new_company
from tests.support.thorough import number

_COMPANIES = ("everyday", "everyday", "hostile", "crowd", "extremes", "empty")
_METADATA: Mapping[str, Any] = {
    "SELF": "PARENT_PAYS",
    "billingRelationship": "SELF",
    'a"billingRelationship":"SELF"': '"billingRelationship":"SELF",',
    "creditLimit": 12.50,
    "amount": "12.50",
}
_AMOUNTS = (None, *map(Decimal, ("0", "0.00", "12.50", "1250.00", "9999999999999.99", "0.10")))


@pytest.fixture
def spelled(database: Database) -> Spelled:
    return Spelled(database, EVERYTHING)


@pytest.mark.parametrize("name", ["everyday", "hostile", "extremes"])
async def test_everything_of_a_company_is_spelled_alike(
    spelled: Spelled, companies: Mapping[str, Company], name: str
) -> None:
    company = companies[name]
    token = spelled.token(company.id, Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ)
    for request in (
        Request(everything.LIST),
        Request(everything.GROUPS),
        Request(everything.ACCOUNTS),
        Request(everything.NODES, {"ids": company.values["Query.ids"][:200]}),
        Request(everything.ENTITIES, {"of": company.values["Query.representations"][:100]}),
    ):
        answer = await spelled.same(token, request)
        assert answer.codes == set()
        assert answer.planned or name != "everyday"


@pytest.mark.parametrize("name", PITFALLS)
async def test_pitfalls_are_spelled_alike(spelled: Spelled, companies: Mapping[str, Company], name: str) -> None:
    pitfall = PITFALLS[name]
    token = spelled.token(companies[pitfall.company].id, *Scope)
    for variables in pitfall.requests:
        await spelled.same(token, Request(pitfall.query, variables))


async def test_random_rows_are_spelled_alike(spelled: Spelled, records: Records, chance: Random) -> None:
    parent = await records.customer(metadata=_METADATA, name="SELF")
    for place in range(20):
        await _write(records, chance, parent, place)
    token = spelled.token(records.company_id, *Scope)

    answers = [await spelled.same(token, Request(document)) for document in (everything.LIST, everything.GROUPS)]

    assert all(answer.planned and answer.codes == set() for answer in answers)


async def _write(records: Records, chance: Random, parent: UUID, place: int) -> None:
    pick = chance.choice
    entries, is_child = chance.sample([*_METADATA.items()], k=place % 5), pick((False, True))
    customer = await records.customer(
        name=pick(("SELF", '"vatZone":"EU"')),
        parent_customer_id=parent if is_child else None,
        billing_relationship=pick([*BillingRelationship]) if is_child else BillingRelationship.SELF,
        consolidation_mode=None if is_child else pick([None, *ConsolidationMode]),
        billing_day=None if is_child else 1,
        vat_zone=pick([*VatZone]),
        customer_type=pick([*CustomerType]),
        payment_term_type=pick([None, *PaymentTermType]),
        credit_limit=pick(_AMOUNTS),
        opening_balance=pick([*_AMOUNTS, Decimal("-0.10"), Decimal("-9999999999999.99")]),
        metadata=dict(entries),
    )
    await records.group(discount=pick((Decimal(0), Decimal("12.50"))), metadata=dict(entries))
    await records.contact(customer, name="SELF")
    await records.department(customer, name="EU")
    for _ in range(place % 3):
        status = pick(edge_cases.STATUSES)
        subscription = await records.subscription(
            customer, name=status, status=status, net_amount=pick(edge_cases.AMOUNTS)
        )
        await records.period(subscription, parent, net_amount=pick(edge_cases.AMOUNTS))


async def test_scopes_of_the_credential_are_spelled_alike(spelled: Spelled, records: Records) -> None:
    await records.customer()
    request = Request("{ viewer { scopes company { baseCurrency } } customers { nodes { vatZone } } }")

    answer = await spelled.same(spelled.token(records.company_id, *Scope), request)

    assert answer.planned
    assert Scope.CUSTOMERS_READ.name in answer.content["data"]["viewer"]["scopes"]


async def test_the_payload_of_a_mutation_is_written_again(spelled: Spelled, records: Records) -> None:
    parent = await records.customer(consolidation_mode="PER_CHILD_INVOICE", credit_limit=Decimal("10.00"))
    customer = await records.customer(parent_customer_id=parent, metadata=_METADATA)
    text = """mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) {
      customer { shown: vatZone creditLimit metadata parent { consolidationMode creditLimit } } errors { code }
    } }"""
    operation = spelled.planning.prepare(text).select(None).spelled(spelled.spelling)
    request = Request(text, {"input": {"id": str(customer), "vatZone": "EU", "creditLimit": "12.50"}})

    body, execution = await spelled.body(
        spelled.planning, operation, spelled.token(records.company_id, *Scope), request
    )

    assert execution is Execution.PLANNED
    before, _, after = body.decode().partition('"metadata":')
    metadata, _, after = after.partition(',"parent":')
    assert before == '{"data":{"updateCustomer":{"customer":{"shown":"VatZone.eu","creditLimit":12.50,'
    assert json.loads(metadata) == _METADATA
    assert after == ('{"consolidationMode":"ConsolidationMode.per_child_invoice","creditLimit":10.00}},"errors":[]}}}')


async def test_a_stored_value_that_the_schema_lacks_is_the_same_error_in_any_spelling(migrated_dsn: str) -> None:
    await execute(migrated_dsn, "ALTER TABLE customers DROP CONSTRAINT customers_vat_zone_check")
    async with (
        opened(migrated_dsn, pool_size=1) as owner,
        service_login(migrated_dsn) as dsn,
        opened(dsn, pool_size=2) as service,
    ):
        records = Records(owner.engine, await new_company(owner.engine))
        await records.customer(vat_zone="MOON")
        spelled = Spelled(service, EVERYTHING)

        answer = await spelled.same(
            spelled.token(records.company_id, *Scope), Request("{ customers { nodes { name vatZone } } }")
        )

    assert answer.codes == {"INTERNAL_SERVER_ERROR"}
    assert b'"MOON"' not in answer.body
    assert not answer.planned


@pytest.mark.randomized
# When a field fails, graphql-core cancels those beside it, also before they begin.
@pytest.mark.filterwarnings("ignore:coroutine .*_async_resolver' was never awaited:RuntimeWarning")
async def test_answers_to_random_documents_are_spelled_alike(
    spelled: Spelled, companies: Mapping[str, Company]
) -> None:
    runner = Runner(spelled, companies, asyncio.get_running_loop())

    @settings(
        max_examples=number(150, 1_000),
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        deadline=None,
    )
    @given(examples(contract(), companies, _COMPANIES))
    def check(example: Example) -> None:
        runner.run(example)

    await asyncio.to_thread(check)

    assert runner.counted["planned"] >= runner.counted["requests"] * 0.3, runner.counted
