"""Keep subscriptions and their periods in agreement, and what is billed as it is."""

from alembic import op

from app.db.alphabet.established import run_script
from app.db.migrations.contradictions import reject_contradictions

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# By the names of the constraints. Older subscriptions than the billing system's messages are not asked.
_CHECKS = {
    "next_billing_date": "next_billing_date IS NULL OR status NOT IN ('CANCELLED', 'EXPIRED')",
    "scheduled_start": "status <> 'SCHEDULED' OR current_period_start = started_on",
    "trial_end": "status <> 'TRIAL' OR current_period_end = LEAST(trial_ends_on, ends_on)",
    "after_trial": (
        "status NOT IN ('ACTIVE', 'PENDING_CANCELLATION') OR (current_period_start >= trial_ends_on) IS NOT FALSE"
    ),
}
_LAST = """subscriptions AS subscription CROSS JOIN LATERAL (
    SELECT * FROM subscription_periods AS period
    WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
    ORDER BY period.sequence DESC LIMIT 1
) AS last WHERE subscription.external_system_id IS NOT NULL"""
# A current period that was never recorded begins after the last one.
_FINDINGS = {
    "that are CANCELLED or EXPIRED, but have a next_billing_date": f"subscriptions AS subscription WHERE NOT ({_CHECKS['next_billing_date']})",
    "that are SCHEDULED, but whose current_period_start is not their started_on": (
        f"subscriptions AS subscription WHERE NOT ({_CHECKS['scheduled_start']})"
    ),
    "that are TRIAL, but whose current_period_end is not their trial_ends_on or ends_on": (
        f"subscriptions AS subscription WHERE NOT ({_CHECKS['trial_end']})"
    ),
    "that are ACTIVE or PENDING_CANCELLATION, but whose current period begins before their trial_ends_on": (
        f"subscriptions AS subscription WHERE NOT ({_CHECKS['after_trial']})"
    ),
    "with other days than their last row of subscription_periods": (
        f"{_LAST} AND (last.starts_on > current_period_start"
        " OR (last.starts_on = current_period_start AND last.ends_on <> current_period_end))"
    ),
    "that are TRIAL, but have a price or an invoice": (
        f"{_LAST} AND status = 'TRIAL' AND last.starts_on = current_period_start"
        " AND (last.net_amount > 0 OR last.billed_amount > 0)"
    ),
}
_TRIGGERS = """
CREATE FUNCTION reject_billed_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'check_violation',
        TABLE = 'subscription_periods',
        CONSTRAINT = 'subscription_periods_billed_check',
        MESSAGE = 'a billed period keeps its days, its price and its payer, and what is billed does not fall';
END
$$;

-- A cut shortens a billed period with cut_on, and credits with credited_amount.
CREATE TRIGGER keep_billed_periods AFTER UPDATE ON subscription_periods
FOR EACH ROW WHEN (
    OLD.billed_amount > 0 AND (
        NEW.billed_amount < OLD.billed_amount
        OR NEW.starts_on <> OLD.starts_on OR NEW.ends_on <> OLD.ends_on OR NEW.net_amount <> OLD.net_amount
        OR NEW.payer_customer_id <> OLD.payer_customer_id OR NEW.subscription_id <> OLD.subscription_id
    )
) EXECUTE FUNCTION reject_billed_period();

-- The last period of a subscription is its current one, and a trial is free. Asked at the end of the transaction,
-- because a subscription and its period are written by two statements. Tables are named with their schema instead of
-- by search_path, which costs more than the query.
CREATE FUNCTION check_current_period() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    subject uuid;
BEGIN
    IF TG_TABLE_NAME = 'subscriptions' THEN subject := NEW.id; ELSE subject := NEW.subscription_id; END IF;
    IF EXISTS (
        SELECT FROM public.subscriptions AS subscription
        CROSS JOIN LATERAL (
            SELECT period.starts_on, period.ends_on, period.net_amount, period.billed_amount
            FROM public.subscription_periods AS period
            WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
            ORDER BY period.sequence DESC LIMIT 1
        ) AS last
        WHERE subscription.company_id = NEW.company_id AND subscription.id = subject
            AND subscription.external_system_id IS NOT NULL AND (
                (TG_ARGV[0] = 'days' AND (last.starts_on <> subscription.current_period_start
                    OR last.ends_on <> subscription.current_period_end))
                OR (subscription.status = 'TRIAL' AND last.starts_on = subscription.current_period_start
                    AND (last.net_amount > 0 OR last.billed_amount > 0))
            )
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = TG_TABLE_NAME,
            CONSTRAINT = 'subscription_periods_current_check',
            MESSAGE = 'the last period of a subscription is its current one, and that of a trial is free';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER check_begun_period AFTER INSERT ON subscription_periods
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_current_period('days');

CREATE CONSTRAINT TRIGGER check_days_of_period AFTER UPDATE ON subscription_periods
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (
    NEW.starts_on <> OLD.starts_on OR NEW.ends_on <> OLD.ends_on OR NEW.sequence <> OLD.sequence
    OR NEW.subscription_id <> OLD.subscription_id
) EXECUTE FUNCTION check_current_period('days');

-- The period of a trial costs nothing, so it is only billed by being billed more than its price.
CREATE CONSTRAINT TRIGGER check_price_of_period AFTER UPDATE ON subscription_periods
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (
    NEW.net_amount > OLD.net_amount OR (NEW.billed_amount > OLD.billed_amount AND NEW.billed_amount > NEW.net_amount)
) EXECUTE FUNCTION check_current_period('price');

CREATE CONSTRAINT TRIGGER check_days_of_subscription AFTER UPDATE ON subscriptions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (
    NEW.current_period_start <> OLD.current_period_start OR NEW.current_period_end <> OLD.current_period_end
) EXECUTE FUNCTION check_current_period('days');

CREATE CONSTRAINT TRIGGER check_trial AFTER UPDATE ON subscriptions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'TRIAL' AND OLD.status <> 'TRIAL')
EXECUTE FUNCTION check_current_period('price')
"""


def upgrade() -> None:
    """Add the checks and triggers. Raise ValueError if rows contradict them, and tell which."""
    connection = op.get_bind()
    mirrored = {finding: f"{source} AND external_system_id IS NOT NULL" for finding, source in _FINDINGS.items()}
    reject_contradictions(connection, mirrored)
    added = ", ".join(
        f"ADD CONSTRAINT subscriptions_{name}_check CHECK (external_system_id IS NULL OR {check})"
        for name, check in _CHECKS.items()
    )
    run_script(connection, f"ALTER TABLE subscriptions {added};{_TRIGGERS}")


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
