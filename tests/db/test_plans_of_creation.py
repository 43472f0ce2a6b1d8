"""What a creation looks up costs a few pages in a company of 100,000 customers, under row-level security."""

import pytest

from app.db import customer_writes
from tests.db.big_company import Facts, assert_served

FEW = 20
NUMBERS, EXTERNAL_IDS = "customers_company_id_customer_number_key", "customers_external_system_id_key"


async def test_the_next_number_is_read_from_the_end_of_an_index(facts: Facts) -> None:
    assert_served(await facts.plans(customer_writes.next_customer_number), "customers_by_number", most=FEW)


@pytest.mark.parametrize("indexes", [(NUMBERS,), (EXTERNAL_IDS,), (NUMBERS, EXTERNAL_IDS)])
async def test_taken_keys_are_found_by_their_unique_indexes(facts: Facts, indexes: tuple[str, ...]) -> None:
    number = facts.number if NUMBERS in indexes else None
    external_id = facts.external_id if EXTERNAL_IDS in indexes else None

    found = await facts.plans(lambda session: customer_writes.taken_keys(session, None, number, external_id))

    for index in indexes:
        assert_served(found, index, most=FEW)


async def test_no_keys_are_not_looked_for(facts: Facts) -> None:
    async with facts.database.read(facts.company_id) as session:
        assert await customer_writes.taken_keys(session, None, None, None) == []
        assert session.statements == 0
