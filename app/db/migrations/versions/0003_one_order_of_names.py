"""Sort names the same on every server, by `name_key`, which the function `alphabet_key` computes."""

from alembic import context, op

from app.db.alphabet.established import locale_of, make_function, run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_HAS_NAMES = (
    "SELECT EXISTS (SELECT FROM customers) OR EXISTS (SELECT FROM contacts) OR EXISTS (SELECT FROM departments)"
)
# One rewrite per table. Dropping a column drops its indexes.
_COLUMN = """
ALTER TABLE {table} DROP COLUMN name_key,
    ADD COLUMN name_key TEXT COLLATE alphabet GENERATED ALWAYS AS (alphabet_key(name)) STORED NOT NULL;
"""
_INDEXES = """
CREATE INDEX customers_by_name ON customers (company_id, name_key, id);
CREATE INDEX contacts_of_customer ON contacts (company_id, customer_id, is_default_for_customer DESC, name_key, id);
CREATE INDEX departments_of_customer ON departments (company_id, customer_id, is_default DESC, name_key, id);
"""


def upgrade() -> None:
    """Create the function and recreate the columns."""
    connection = op.get_bind()
    # A server without ICU sorted by code point until now, whatever was asked for.
    make_function(connection, locale_of(connection) or context.config.attributes["alphabet"])
    if connection.exec_driver_sql(_HAS_NAMES).scalar_one():
        context.config.attributes["notes"].append("Rebuilt the order of names in customers, contacts and departments.")
    run_script(connection, "".join(_COLUMN.format(table=table) for table in ("customers", "contacts", "departments")))
    run_script(connection, _INDEXES)


def downgrade() -> None:
    """Raise NotImplementedError: the previous order of names depended on the server."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
