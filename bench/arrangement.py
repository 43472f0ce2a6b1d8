"""Data that the benchmark needs in addition to demo data: large families, and an index for the peers."""

from datetime import date
from uuid import UUID

from app.db.seed import demo_company_id, seed
from bench.postgres import connected

LARGE_COMPANY = demo_company_id(1)
FEW = 4
"""Number of small companies unless more are measured."""
CHILDREN = 120
"""Number of children of each large family: more than a page of 100."""
_SMALL_CUSTOMERS = 500
_TINY_CUSTOMERS = 60
_MAX_FAMILIES = 40
# At most half of the customers are in large families.
_CUSTOMERS_PER_FAMILY = 2 * CHILDREN
# Fixed, so that the rows don't depend on the date.
_TODAY = date(2026, 6, 19)

# Assign customers without a family, in the order of their numbers, to the parents with the most children.
_ASSIGN = """
WITH parents AS (
    SELECT parent.id, parent.number_key, count(*) AS children
    FROM customers AS parent
    JOIN customers AS child ON child.company_id = parent.company_id AND child.parent_customer_id = parent.id
    WHERE parent.company_id = $1 AND parent.parent_customer_id IS NULL
    GROUP BY parent.id, parent.number_key
    ORDER BY children DESC, parent.number_key, parent.id
    LIMIT $2
), families AS (
    SELECT id, greatest(0, $3 - children) AS missing,
        sum(greatest(0, $3 - children)) OVER (ORDER BY children DESC, number_key, id) AS last
    FROM parents
), singles AS (
    SELECT id, row_number() OVER (ORDER BY number_key, id) AS place
    FROM customers AS single
    WHERE company_id = $1 AND parent_customer_id IS NULL AND consolidation_mode IS NULL AND billing_day IS NULL
        AND parent_invoice_template_id IS NULL
        AND NOT EXISTS (
            SELECT FROM customers AS child
            WHERE child.company_id = single.company_id AND child.parent_customer_id = single.id
        )
)
UPDATE customers SET parent_customer_id = families.id
FROM families JOIN singles ON singles.place > families.last - families.missing AND singles.place <= families.last
WHERE customers.company_id = $1 AND customers.id = singles.id
"""
_INDEX = "CREATE INDEX customers_metadata_gin ON customers USING gin (metadata jsonb_path_ops)"


def small_companies(count: int = FEW) -> tuple[UUID, ...]:
    """Return the ids of this number of small companies."""
    return tuple(demo_company_id(2, index) for index in range(count))


def families(customers: int) -> int:
    """Return the number of large families of a company with this number of customers."""
    return min(_MAX_FAMILIES, customers // _CUSTOMERS_PER_FAMILY)


async def arrange(owner_dsn: str, customers: int, companies: int) -> None:
    """Write all rows of the benchmark into a migrated database."""
    await seed(owner_dsn, companies=1, customers=customers, seed=1, today=_TODAY, progress=_quietly)
    small = _SMALL_CUSTOMERS if companies == FEW else _TINY_CUSTOMERS
    await seed(owner_dsn, companies=companies, customers=small, seed=2, today=_TODAY, progress=_quietly)
    async with connected(owner_dsn) as connection:
        await connection.execute(_ASSIGN, LARGE_COMPANY, families(customers), CHILDREN)
        for company_id in small_companies(companies) if families(small) else ():
            await connection.execute(_ASSIGN, company_id, families(small), CHILDREN)
        await connection.execute(_INDEX)
        await connection.execute("VACUUM (ANALYZE)")


def _quietly(_done: int, _total: int) -> None:
    """Ignore the progress: writing takes about a minute, once."""
