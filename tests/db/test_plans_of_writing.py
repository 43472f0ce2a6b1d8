"""What writing a customer looks up costs a few pages in a company of many customers, under row-level security."""

import pytest

from app.db import customer_reads, customer_writes
from tests.db.big_company import Facts, assert_served

FEW = 20
NUMBERS, EXTERNAL_IDS = "customers_company_id_customer_number_key", "customers_external_system_id_key"
PRIMARY = "customers_pkey"


async def test_the_next_number_is_read_from_the_end_of_an_index(facts: Facts) -> None:
    assert_served(await facts.plans(customer_writes.next_customer_number), "customers_by_number", most=FEW)


@pytest.mark.parametrize("indexes", [(NUMBERS,), (EXTERNAL_IDS,), (NUMBERS, EXTERNAL_IDS)])
async def test_taken_keys_are_found_by_their_unique_indexes(facts: Facts, indexes: tuple[str, ...]) -> None:
    keys = {
        "customer_number": {facts.number} if NUMBERS in indexes else set[str](),
        "external_system_id": {facts.external_id} if EXTERNAL_IDS in indexes else set[str](),
    }

    found = await facts.plans(lambda session: customer_reads.key_holders(session, keys))

    for index in indexes:
        assert_served(found, index, most=FEW)


async def test_no_keys_are_not_looked_for(facts: Facts) -> None:
    keys: dict[str, set[str]] = {"customer_number": set(), "external_system_id": set()}
    async with facts.database.read(facts.company_id) as session:
        assert await customer_reads.key_holders(session, keys) == {name: {} for name in keys}
        assert session.statements == 0


async def test_a_customer_is_found_by_the_index_of_the_key_that_names_it(facts: Facts) -> None:
    by_number = await facts.plans(
        lambda session: customer_reads.matching(session, "customer_number", [facts.number], lock=False)
    )
    assert_served(by_number, NUMBERS, most=FEW)


async def test_a_family_is_found_by_indexes(facts: Facts) -> None:
    async with facts.database.read(facts.company_id) as session:
        (customer,) = await customer_reads.matching(session, "customer_number", [facts.number], lock=False)

    found = await facts.plans(
        lambda session: customer_reads.families(session, "id", [customer], [customer], lock=False)
    )

    for index in (PRIMARY, "customers_of_parent"):
        assert_served(found, index, most=2 * FEW)
