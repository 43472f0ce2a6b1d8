"""Compare text the same everywhere: stored in normal form C, and searched by words in their comparison form."""

from alembic import context, op

from app.db.alphabet.established import run_script
from app.db.comparison import comparison_functions
from app.db.migrations.restored_texts import restore_texts

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_HAS_NAMES = "SELECT EXISTS (SELECT FROM customers) OR EXISTS (SELECT FROM ledger_accounts)"
# One rewrite per table. Dropping a column drops its index.
_PREFIX = """
ALTER TABLE {table} DROP COLUMN name_prefix,
    ADD COLUMN name_prefix TEXT COLLATE "C" GENERATED ALWAYS AS ("left"(comparison_form(name), 255)) STORED NOT NULL;
CREATE INDEX {table}_by_name_prefix ON {table} (company_id, name_prefix);
"""
_WORDS = """
TRUNCATE customer_words;
INSERT INTO customer_words (company_id, word, number_key, customer_id)
SELECT company_id, word, number_key, id
FROM customers CROSS JOIN LATERAL search_words(
    concat_ws(' ', customer_number, name, email, vat_number, external_system_id)
) AS word;
"""


def upgrade() -> None:
    """Create the functions, convert the stored texts, and rebuild search columns and words."""
    connection = op.get_bind()
    notes: list[str] = context.config.attributes["notes"]
    run_script(connection, comparison_functions())
    notes += restore_texts(connection)
    if connection.exec_driver_sql(_HAS_NAMES).scalar_one():
        notes.append("Rebuilt the words and prefixes that customers and ledger accounts are found by.")
    run_script(connection, "".join(_PREFIX.format(table=table) for table in ("customers", "ledger_accounts")) + _WORDS)


def downgrade() -> None:
    """Raise NotImplementedError: texts were stored in another form before."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
