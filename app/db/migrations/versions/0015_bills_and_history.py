"""Keep the day of each invoice of the billing system, and periods that are history as they are."""

from alembic import op

from app.db.alphabet.established import run_script
from app.db.migrations.contradictions import reject_contradictions

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FINDINGS = {
    "whose last row of subscription_periods is billed by no transition, but has no billed_on": (
        """subscriptions AS subscription CROSS JOIN LATERAL (
            SELECT * FROM subscription_periods AS period
            WHERE period.company_id = subscription.company_id AND period.subscription_id = subscription.id
            ORDER BY period.sequence DESC LIMIT 1
        ) AS last
        WHERE subscription.external_system_id IS NOT NULL AND last.billed_amount > 0 AND last.billed_on IS NULL
            AND last.cut_on IS NULL AND last.transition_id IS NULL"""
    ),
}
_SCRIPT = """
-- The conditions of the triggers pass what transitions write: a transition dates its billing documents itself, and it
-- cuts the period that it bills, or begins it. Tables are named with their schema instead of by search_path, which
-- costs more than the query.
CREATE FUNCTION check_billed_on() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.subscriptions AS subscription
        WHERE subscription.company_id = NEW.company_id AND subscription.id = NEW.subscription_id
            AND subscription.external_system_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = 'subscription_periods',
            CONSTRAINT = 'subscription_periods_billed_on_check',
            MESSAGE = 'a period that is billed has the day of its invoice, unless a transition bills it';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER check_inserted_bill AFTER INSERT ON subscription_periods
FOR EACH ROW WHEN (
    NEW.billed_amount > 0 AND NEW.billed_on IS NULL AND NEW.cut_on IS NULL AND NEW.transition_id IS NULL
) EXECUTE FUNCTION check_billed_on();

CREATE TRIGGER check_raised_bill AFTER UPDATE ON subscription_periods
FOR EACH ROW WHEN (NEW.billed_amount > OLD.billed_amount AND NEW.billed_on IS NULL AND NEW.cut_on IS NULL)
EXECUTE FUNCTION check_billed_on();

CREATE FUNCTION check_history() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (
        OLD.cut_on IS NOT NULL OR EXISTS (
            SELECT FROM public.subscription_periods AS following
            WHERE following.company_id = NEW.company_id AND following.subscription_id = NEW.subscription_id
                AND following.sequence > NEW.sequence
        )
    ) AND EXISTS (
        SELECT FROM public.subscriptions AS subscription
        WHERE subscription.company_id = NEW.company_id AND subscription.id = NEW.subscription_id
            AND subscription.external_system_id IS NOT NULL
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = 'subscription_periods',
            CONSTRAINT = 'subscription_periods_history_check',
            MESSAGE = 'the amounts of a period don''t rise once it is cut or another one has followed it';
    END IF;
    RETURN NULL;
END
$$;

-- Settling what it cuts, a transition raises the amounts of the last period.
CREATE TRIGGER keep_history AFTER UPDATE ON subscription_periods
FOR EACH ROW WHEN (
    (NEW.cut_on IS NULL OR OLD.cut_on IS NOT NULL) AND (
        NEW.net_amount > OLD.net_amount OR NEW.billed_amount > OLD.billed_amount
        OR NEW.credited_amount > OLD.credited_amount
    )
) EXECUTE FUNCTION check_history()
"""


def upgrade() -> None:
    """Add the triggers. Raise ValueError if rows contradict them, and tell which."""
    connection = op.get_bind()
    reject_contradictions(connection, _FINDINGS)
    run_script(connection, _SCRIPT)


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
