"""Keep rows of subscriptions and their periods from contradicting each other in ways that a transition failed on."""

from alembic import op

from app.db.alphabet.established import run_script
from app.db.migrations.contradictions import reject_contradictions

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_RUNNING = "('TRIAL', 'ACTIVE', 'PENDING_CANCELLATION')"
_LAST = """subscriptions AS subscription CROSS JOIN LATERAL (
    SELECT * FROM subscription_periods AS period
    WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
    ORDER BY period.sequence DESC LIMIT 1
) AS last WHERE subscription.external_system_id IS NOT NULL"""
_FINDINGS = {
    "that run, but whose last row of subscription_periods is cut before the end": (
        f"{_LAST} AND subscription.status IN {_RUNNING} AND last.starts_on = subscription.current_period_start"
        " AND last.cut_on IS NOT NULL AND (subscription.ends_on > last.cut_on) IS NOT FALSE"
    ),
    "whose current period begins before the last row of subscription_periods is over": (
        f"{_LAST} AND last.starts_on <> subscription.current_period_start"
        " AND coalesce(last.cut_on, last.ends_on) > subscription.current_period_start"
    ),
    "with a moved_by, but no moved_version": (
        "subscriptions AS subscription WHERE moved_by IS NOT NULL AND moved_version IS NULL"
    ),
    "with a moved_version above their version": "subscriptions AS subscription WHERE moved_version > version",
}
_SCRIPT = f"""
ALTER TABLE subscriptions
    ADD CONSTRAINT subscriptions_moved_by_check CHECK (moved_by IS NULL OR moved_version IS NOT NULL),
    ADD CONSTRAINT subscriptions_moved_version_check CHECK (moved_version <= version);

-- What is cut is history: it is neither billed later nor cut on another day.
DROP TRIGGER keep_billed_periods ON subscription_periods;
CREATE TRIGGER keep_billed_periods AFTER UPDATE ON subscription_periods
FOR EACH ROW WHEN (
    OLD.billed_amount > 0 AND (
        NEW.billed_amount < OLD.billed_amount
        OR NEW.starts_on <> OLD.starts_on OR NEW.ends_on <> OLD.ends_on OR NEW.net_amount <> OLD.net_amount
        OR NEW.payer_customer_id <> OLD.payer_customer_id OR NEW.subscription_id <> OLD.subscription_id
        OR (NEW.billed_on IS NULL AND OLD.billed_on IS NOT NULL)
        OR (OLD.cut_on IS NOT NULL AND (NEW.cut_on IS DISTINCT FROM OLD.cut_on OR NEW.billed_amount > OLD.billed_amount))
    )
) EXECUTE FUNCTION reject_billed_period();

CREATE FUNCTION reject_fixed_fields() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'check_violation',
        TABLE = 'subscriptions',
        CONSTRAINT = 'subscriptions_fixed_check',
        MESSAGE = 'a mirrored subscription keeps its customer and its currency';
END
$$;

CREATE TRIGGER keep_fixed_fields AFTER UPDATE ON subscriptions
FOR EACH ROW WHEN (
    OLD.external_system_id IS NOT NULL AND (NEW.customer_id <> OLD.customer_id OR NEW.currency <> OLD.currency)
) EXECUTE FUNCTION reject_fixed_fields();

-- As before, and: the last period of what runs is not cut, and a current period that was never recorded begins after the
-- last one that was.
CREATE OR REPLACE FUNCTION check_current_period() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    subject uuid;
BEGIN
    IF TG_TABLE_NAME = 'subscriptions' THEN subject := NEW.id; ELSE subject := NEW.subscription_id; END IF;
    IF EXISTS (
        SELECT FROM public.subscriptions AS subscription
        CROSS JOIN LATERAL (
            SELECT period.starts_on, period.ends_on, period.cut_on, period.net_amount, period.billed_amount
            FROM public.subscription_periods AS period
            WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
            ORDER BY period.sequence DESC LIMIT 1
        ) AS last
        WHERE subscription.company_id = NEW.company_id AND subscription.id = subject
            AND subscription.external_system_id IS NOT NULL AND (
                (TG_ARGV[0] = 'days' AND (last.starts_on <> subscription.current_period_start
                    OR last.ends_on <> subscription.current_period_end))
                OR (TG_ARGV[0] = 'key' AND CASE WHEN last.starts_on = subscription.current_period_start
                    THEN last.ends_on <> subscription.current_period_end
                    ELSE coalesce(last.cut_on, last.ends_on) > subscription.current_period_start END)
                OR (last.starts_on = subscription.current_period_start AND (
                    (subscription.status = 'TRIAL' AND (last.net_amount > 0 OR last.billed_amount > 0))
                    OR (subscription.status IN {_RUNNING} AND last.cut_on IS NOT NULL
                        AND (subscription.ends_on > last.cut_on) IS NOT FALSE)))
            )
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = TG_TABLE_NAME,
            CONSTRAINT = 'subscription_periods_current_check',
            MESSAGE = 'the last period of a subscription is its current one, not cut if it runs, and free if it is a trial';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER check_new_key AFTER UPDATE ON subscriptions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.external_system_id IS NULL AND NEW.external_system_id IS NOT NULL)
EXECUTE FUNCTION check_current_period('key');

CREATE CONSTRAINT TRIGGER check_what_runs AFTER UPDATE ON subscriptions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (
    NEW.status IN {_RUNNING} AND (
        OLD.status NOT IN {_RUNNING} OR (NEW.ends_on > OLD.ends_on) OR (NEW.ends_on IS NULL AND OLD.ends_on IS NOT NULL)
    )
) EXECUTE FUNCTION check_current_period('running');

CREATE CONSTRAINT TRIGGER check_cut_period AFTER UPDATE ON subscription_periods
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cut_on IS NOT NULL AND NEW.cut_on IS DISTINCT FROM OLD.cut_on)
EXECUTE FUNCTION check_current_period('running');

CREATE FUNCTION check_deleted_period() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.subscriptions AS subscription
        WHERE subscription.company_id = OLD.company_id AND subscription.id = OLD.subscription_id
            AND subscription.external_system_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM public.subscription_periods AS period
                WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
                    AND period.starts_on = subscription.current_period_start
            )
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = 'subscription_periods',
            CONSTRAINT = 'subscription_periods_current_check',
            MESSAGE = 'the current period of a subscription is not deleted without it';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER check_deleted_period AFTER DELETE ON subscription_periods
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_deleted_period()
"""  # noqa: S608 - SQL of this file


def upgrade() -> None:
    """Add the checks and triggers. Raise ValueError if rows contradict them, and tell which."""
    connection = op.get_bind()
    reject_contradictions(connection, _FINDINGS)
    run_script(connection, _SCRIPT)


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
