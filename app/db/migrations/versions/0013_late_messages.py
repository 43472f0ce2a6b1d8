"""Remember transitions and new billing days for longer than the next period, so that no late message undoes them."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The next period after a transition was sent with the version, so the billing system knew of it on that day.
_SCRIPT = """
ALTER TABLE subscriptions
    ADD COLUMN moved_known_on DATE,
    DROP CONSTRAINT subscriptions_dates_check,
    ADD CONSTRAINT subscriptions_dates_check CHECK (
        isfinite(started_on) AND isfinite(ends_on) AND isfinite(trial_ends_on) AND isfinite(current_period_start)
        AND isfinite(current_period_end) AND isfinite(next_billing_date) AND isfinite(moved_known_on)
    ),
    ADD CONSTRAINT subscriptions_moved_known_on_check CHECK (moved_known_on IS NULL OR moved_version IS NOT NULL);

UPDATE subscriptions AS subscription
SET moved_version = version, moved_by = begun.transition_id, moved_known_on = following.known_on
FROM (
    SELECT DISTINCT ON (company_id, subscription_id) company_id, subscription_id, transition_id, sequence
    FROM subscription_periods WHERE transition_id IS NOT NULL
    ORDER BY company_id, subscription_id, sequence DESC
) AS begun CROSS JOIN LATERAL (
    SELECT greatest(starts_on, (created_at AT TIME ZONE 'UTC')::date) AS known_on FROM subscription_periods AS period
    WHERE period.company_id = begun.company_id AND period.subscription_id = begun.subscription_id
        AND period.sequence > begun.sequence
    ORDER BY period.sequence LIMIT 1
) AS following
WHERE subscription.company_id = begun.company_id AND subscription.id = begun.subscription_id
    AND subscription.moved_version IS NULL
"""


def upgrade() -> None:
    """Add the day on which the billing system knew of the last move."""
    run_script(op.get_bind(), _SCRIPT)


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
