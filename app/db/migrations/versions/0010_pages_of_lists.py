"""Let lists that begin with a default row be read in pages, and customer groups be found by name."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DEFAULTS = {"contacts": "is_default_for_customer", "departments": "is_default"}
_NAME_PREFIX = 'name_prefix TEXT COLLATE "C" GENERATED ALWAYS AS ("left"(comparison_form(name), 255)) STORED NOT NULL'
# One rewrite per table. The index that is replaced served the same order, from columns of both directions.
_COLUMNS = (
    *(
        f"ALTER TABLE {table} ADD COLUMN is_not_default BOOLEAN GENERATED ALWAYS AS (NOT {default}) STORED NOT NULL"
        for table, default in _DEFAULTS.items()
    ),
    f"ALTER TABLE customer_groups ADD COLUMN {_NAME_PREFIX}",
)
_INDEXES = (
    *(f"DROP INDEX {table}_of_customer" for table in _DEFAULTS),
    *(
        f"CREATE INDEX {table}_of_customer ON {table} (company_id, customer_id, is_not_default, name_key, id)"
        for table in _DEFAULTS
    ),
    "CREATE INDEX customer_groups_by_name_prefix ON customer_groups (company_id, name_prefix)",
)


def upgrade() -> None:
    """Add the columns and replace the indexes."""
    run_script(op.get_bind(), ";".join((*_COLUMNS, *_INDEXES)))


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
