"""A company of many customers: values that it holds, conditions on it, and what a question to it may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.db.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Equals,
    HasContact,
    HasId,
    HasMetadata,
    HasParent,
    HasSubscription,
    HasWords,
    IsOneOf,
    NameBeginsWith,
)
from app.db.customers import CustomerSort, order_by
from app.db.database import Database
from app.db.paging import Position
from app.domain.metadata import pair_digest
from tests.db.plans import Ask, Plan, plans
from tests.support.thorough import number

CUSTOMERS = number(25_000, 100_000)
# The tables that grow with the company; its groups and accounts are a few dozen rows, cheaper to read whole.
BIG = {
    "customers",
    "contacts",
    "departments",
    "subscriptions",
    "customer_metadata",
    "customer_words",
}
# A page is 50 rows, each with its group's number and name: two or three pages of memory per row.
PER_PAGE = 450
# A filter on one column and an order by another: bounded by what the rarer of them finds, not by the page alone.
# A value of a few percent costs most, the same in a company of any size.
PER_HITS = max(7_500, CUSTOMERS // 10)

BY_NUMBER = order_by((CustomerSort.NUMBER, False))


@dataclass(frozen=True, slots=True)
class Facts:
    """Values that the company holds."""

    database: Database
    company_id: UUID
    middle: dict[CustomerSort, Position]
    """Where the middle of each order is."""
    ids: list[UUID]
    parents: list[UUID]
    """The customers with the most children."""
    groups: list[UUID]
    """The groups, the largest first."""
    contract: str
    """The value of a metadata pair that few customers have."""
    number: str
    external_id: str
    email: str
    vat_number: str
    contact: str
    numbers: tuple[str, ...]
    external_ids: tuple[str, ...]

    async def plans(self, ask: Ask) -> list[Plan]:
        """How a question is carried out."""
        return await plans(self.database, self.company_id, ask)


async def facts_of(database: Database, company_id: UUID) -> Facts:
    async with database.read(company_id) as session:

        async def rows(columns: str, rest: str) -> list[Any]:
            query = f"SELECT {columns} FROM customers WHERE company_id = :company {rest}"  # noqa: S608 - the test's own words
            return list(await session.rows(text(query), {"company": company_id}))

        middle = {
            sort: tuple((await rows(f"{column}, id", f"ORDER BY {column}, id OFFSET {CUSTOMERS // 2} LIMIT 1"))[0])
            for sort, column in (
                (CustomerSort.NUMBER, "number_key"),
                (CustomerSort.NAME, "name_key"),
                (CustomerSort.CREATED_AT, "created_at"),
                (CustomerSort.UPDATED_AT, "updated_at"),
            )
        }
        ids = [row.id for row in await rows("id", f"ORDER BY number_key OFFSET {CUSTOMERS * 2 // 5} LIMIT 50")]
        parents = await rows(
            "parent_customer_id", "AND parent_customer_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 50"
        )
        found = await rows("customer_group_id", "GROUP BY 1 ORDER BY count(*) DESC")
        known = await rows(
            "metadata ->> 'contract' AS contract, customer_number, external_system_id, email, vat_number",
            "AND metadata ? 'contract' AND external_system_id IS NOT NULL AND email IS NOT NULL AND vat_number IS NOT NULL"
            " ORDER BY number_key DESC LIMIT 1",
        )
        numbers = await rows("customer_number, external_system_id", "ORDER BY number_key DESC LIMIT 50")
        query = text("SELECT min(email) FROM contacts WHERE company_id = :company AND email IS NOT NULL")
        contact = await session.rows(query, {"company": company_id})
    return Facts(
        database,
        company_id,
        middle,
        ids,
        [row[0] for row in parents],
        [row[0] for row in found],
        *known[0],
        contact=contact[0][0],
        numbers=tuple(row.customer_number for row in numbers),
        external_ids=tuple(row.external_system_id for row in numbers if row.external_system_id),
    )


def assert_served(found: list[Plan], index: str | None, *, most: int) -> None:
    """An index serves every plan, or one with the same first columns and a longer name; what it reads is bounded."""
    for plan in found:
        assert not plan.scanned & BIG, plan
        assert index is None or any(used.startswith(index) for used in plan.indexes), plan
        assert plan.pages <= most, plan


def pair(key: str, value: Any) -> HasMetadata:
    return HasMetadata(pair_digest(key, value))


FILTERS: dict[str, tuple[Callable[[Facts], Condition], str | None]] = {
    "number": (lambda facts: Equals("customer_number", facts.number), "customers_company_id_customer_number_key"),
    "external-id": (lambda facts: Equals("external_system_id", facts.external_id), "customers_external_system_id_key"),
    "no-external-id": (lambda _: Equals("external_system_id", None), "customers_without_external_system_id"),
    "ids": (lambda facts: HasId(tuple(facts.ids)), "customers_pkey"),
    "rare-metadata": (lambda facts: pair("contract", facts.contract), "customer_metadata_pkey"),
    "common-metadata": (lambda _: pair("vip", value=False), "customer_metadata_pkey"),
    "uncommon-metadata": (lambda _: pair("vip", value=True), "customer_metadata_pkey"),
    "unknown-metadata": (lambda _: pair("nothing", "has this"), "customer_metadata_pkey"),
    "common-and-rare-metadata": (
        lambda facts: AllOf((pair("vip", value=False), pair("contract", facts.contract))),
        "customer_metadata_pkey",
    ),
    "large-group": (lambda facts: Equals("customer_group_id", facts.groups[0]), "customers_of_group"),
    "small-group": (lambda facts: Equals("customer_group_id", facts.groups[-1]), "customers_of_group"),
    "parent": (lambda facts: Equals("parent_customer_id", facts.parents[0]), "customers_of_parent"),
    "has-parent": (lambda _: HasParent(value=True), "customers_with_parent"),
    "has-no-parent": (lambda _: HasParent(value=False), None),
    "active": (lambda _: Equals("is_active", value=True), None),
    "inactive": (lambda _: Equals("is_active", value=False), "customers_by_activity"),
    "business": (lambda _: Equals("customer_type", "BUSINESS"), None),
    "private": (lambda _: Equals("customer_type", "PRIVATE"), "customers_by_type"),
    "common-country": (lambda _: Equals("country_code", "DK"), None),
    "rare-country": (lambda _: Equals("country_code", "NO"), "customers_by_country"),
    "unknown-country": (lambda _: Equals("country_code", "ZZ"), "customers_by_country"),
    "numbers": (
        lambda facts: IsOneOf("customer_number", facts.numbers),
        "customers_company_id_customer_number_key",
    ),
    "external-ids": (
        lambda facts: IsOneOf("external_system_id", facts.external_ids),
        "customers_external_system_id_key",
    ),
    "email": (lambda facts: Equals("email_form", facts.email), "customers_by_email"),
    "no-email": (lambda _: Equals("email_form", None), None),
    "vat-number": (lambda facts: Equals("vat_number_form", facts.vat_number.lower()), "customers_by_vat_number"),
    "unknown-vat-number": (lambda _: Equals("vat_number_form", "xx1"), "customers_by_vat_number"),
    "postal-code": (lambda _: Equals("postal_code_form", "8000"), "customers_by_postal_code"),
    "city": (lambda _: Equals("city_form", "oslo"), "customers_by_city"),
    "common-currency": (lambda _: Equals("default_currency", "DKK"), None),
    "rare-currency": (lambda _: Equals("default_currency", "NOK"), "customers_by_currency"),
    "common-vat-zone": (lambda _: Equals("vat_zone", "DOMESTIC"), None),
    "rare-vat-zone": (lambda _: Equals("vat_zone", "DOMESTIC_WITHOUT_VAT"), "customers_by_vat_zone"),
    "self": (lambda _: Equals("billing_relationship", "SELF"), None),
    "parent-pays": (lambda _: Equals("billing_relationship", "PARENT_PAYS"), "customers_by_billing_relationship"),
    "single-invoice": (lambda _: Equals("consolidation_mode", "SINGLE_INVOICE"), "customers_by_consolidation_mode"),
    "no-mode": (lambda _: Equals("consolidation_mode", None), None),
    "unknown-status": (lambda _: HasSubscription("NONE"), "subscriptions_by_status"),
    "contact": (lambda facts: HasContact(facts.contact), "contacts_by_email"),
    "unknown-contact": (lambda _: HasContact("nobody@example.com"), "contacts_by_email"),
    "rare-name-prefix": (lambda _: NameBeginsWith("Freja Østergaard"), "customers_by_name_prefix"),
    "common-name-prefix": (lambda _: NameBeginsWith("s"), None),
    "unknown-name-prefix": (lambda _: NameBeginsWith("qqq"), "customers_by_name_prefix"),
    "rare-word": (lambda facts: HasWords((facts.number,)), "customer_words_pkey"),
    "common-word": (lambda _: HasWords(("example",)), None),
    "common-and-rare-word": (lambda facts: HasWords(("example", facts.number)), "customer_words_pkey"),
    "common-prefix": (lambda _: HasWords(("c",)), None),
    "unknown-word": (lambda _: HasWords(("qqqq",)), "customer_words_pkey"),
    "either": (
        lambda facts: AnyOf((Equals("customer_number", facts.number), Equals("external_system_id", facts.external_id))),
        None,
    ),
}
