"""Keep one history for all kinds of objects: customers, contacts, departments and customer groups."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Grants and policies stay with the table.
    "ALTER TABLE customer_history RENAME TO history",
    "ALTER TABLE history RENAME COLUMN customer_id TO subject_id",
    # No foreign key to the subject: the history outlives what is deleted.
    "ALTER TABLE history DROP CONSTRAINT customer_history_company_id_customer_id_fkey",
    "ALTER TABLE history DROP CONSTRAINT customer_history_operation_check",
    "ALTER TABLE history ADD CONSTRAINT history_operation_check CHECK (operation IN ('CREATED', 'UPDATED', 'DELETED'))",
    # From PostgreSQL 18 on, NOT NULL is a named constraint as well.
    """
    DO $$
    DECLARE
        name text;
    BEGIN
        FOR name IN
            SELECT conname FROM pg_constraint
            WHERE conrelid = 'history'::regclass AND starts_with(conname, 'customer_history_')
        LOOP
            EXECUTE format(
                'ALTER TABLE history RENAME CONSTRAINT %I TO %I',
                name, replace(replace(name, 'customer_history_', 'history_'), '_customer_id_', '_subject_id_')
            );
        END LOOP;
    END
    $$
    """,
)


def upgrade() -> None:
    """Rename the history of customers, and let it record deletions."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Raise NotImplementedError, as the first revision."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
