"""Keep infinite dates out, with which nothing can be computed."""

from alembic import op
from sqlalchemy import text

from app.db.alphabet.established import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_DATES = {
    "subscriptions": (
        "started_on",
        "ends_on",
        "trial_ends_on",
        "current_period_start",
        "current_period_end",
        "next_billing_date",
    ),
    "billing_transitions": ("effective_on",),
    "subscription_periods": ("starts_on", "ends_on", "billed_on"),
    "billing_documents": ("issued_on",),
    "billing_document_lines": ("starts_on", "ends_on"),
}


def upgrade() -> None:
    """Add the checks. Raise ValueError if there are infinite dates, and tell where."""
    connection = op.get_bind()
    found: list[str] = []
    for table, column in ((table, column) for table, columns in _DATES.items() for column in columns):
        id_ = "document_id" if table == "billing_document_lines" else "id"
        infinite = f"SELECT count(*), min({id_}::text) FROM {table} WHERE NOT isfinite({column})"  # noqa: S608 - names of this file
        count, example = connection.execute(text(infinite)).one()
        if count:
            found.append(f"{table}.{column} in {count:,} rows, such as {example}")
    if found:
        msg = (
            f"Dates must not be infinite, but {'; '.join(found)}. 9999-12-31 and 0001-01-01 were stored as infinite. Set"
            " each to the date that is meant, or to NULL for an end that is not known, then migrate again."
        )
        raise ValueError(msg)
    checks = {table: " AND ".join(f"isfinite({column})" for column in columns) for table, columns in _DATES.items()}
    run_script(
        connection,
        ";".join(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_dates_check CHECK ({check})" for table, check in checks.items()
        ),
    )


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
