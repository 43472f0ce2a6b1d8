"""Let ledger accounts be listed, filtered and written like customer groups."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER_KEY = (
    "CASE WHEN number ~ '^[0-9]+$'"
    " THEN ('0' || lpad((length(ltrim(number, '0')))::text, 2, '0')) || ltrim(number, '0')"
    " ELSE '1' || number END"
)
_STATEMENTS = (
    f"""
    ALTER TABLE ledger_accounts
        ADD COLUMN version INTEGER DEFAULT 1 NOT NULL,
        ADD COLUMN created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        ADD COLUMN number_key TEXT COLLATE "C" GENERATED ALWAYS AS ({_NUMBER_KEY}) STORED NOT NULL,
        ADD COLUMN name_prefix TEXT COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "alphabet")) STORED NOT NULL
    """,
    "CREATE INDEX ledger_accounts_by_number ON ledger_accounts (company_id, number_key, id)",
    "CREATE INDEX ledger_accounts_by_name_prefix ON ledger_accounts (company_id, name_prefix)",
    # The policy of the first revision holds for what is written as well. Nothing deletes an account: groups refer to
    # it.
    "GRANT INSERT, UPDATE ON ledger_accounts TO customer_gateway_service",
)


def upgrade() -> None:
    """Add columns, indexes and grants for lists and writes of accounts."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Raise NotImplementedError, as the first revision."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
