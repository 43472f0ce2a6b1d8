"""Mirror subscriptions from a billing system."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE subscription_periods ADD COLUMN billed_on DATE;

ALTER TABLE subscriptions
    ADD COLUMN external_system_id TEXT,
    ADD COLUMN trial_ends_on DATE,
    ADD COLUMN moved_version INTEGER,
    ADD COLUMN moved_by UUID,
    ADD CONSTRAINT subscriptions_external_system_id_length_check CHECK (char_length(external_system_id) BETWEEN 1 AND 255),
    ADD CONSTRAINT subscriptions_ends_on_required_check CHECK (
        external_system_id IS NULL OR ends_on IS NOT NULL
        OR status NOT IN ('PENDING_CANCELLATION', 'CANCELLED', 'EXPIRED')
    ),
    ADD CONSTRAINT subscriptions_trial_ends_on_required_check CHECK (
        external_system_id IS NULL OR trial_ends_on IS NOT NULL OR status <> 'TRIAL'
    ),
    ADD CONSTRAINT subscriptions_started_on_check CHECK (
        external_system_id IS NULL
        OR (started_on <= current_period_start AND (ends_on >= started_on) IS NOT FALSE
            AND (trial_ends_on >= started_on) IS NOT FALSE)
    ),
    ADD CONSTRAINT subscriptions_company_id_moved_by_fkey
        FOREIGN KEY (company_id, moved_by) REFERENCES billing_transitions (company_id, id);

CREATE UNIQUE INDEX subscriptions_external_system_id_key
    ON subscriptions (company_id, external_system_id) WHERE external_system_id IS NOT NULL;

-- What transitions have begun is not undone by messages from before them.
UPDATE subscriptions SET moved_version = version, moved_by = period.transition_id
FROM subscription_periods AS period
WHERE period.company_id = subscriptions.company_id AND period.subscription_id = subscriptions.id
    AND period.starts_on = subscriptions.current_period_start AND period.cut_on IS NULL
    AND period.transition_id IS NOT NULL;

-- No period begins before the one before it is over: no day is billed twice. Once per statement; a period that becomes
-- shorter is not asked about, so that a transition can close what overlapped before.
CREATE FUNCTION check_periods() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    extended uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO extended FROM new_rows;
    ELSE
        SELECT array_agg(written.id) INTO extended
        FROM new_rows AS written JOIN old_rows AS before USING (company_id, id)
        WHERE written.starts_on <> before.starts_on
            OR coalesce(written.cut_on, written.ends_on) > coalesce(before.cut_on, before.ends_on);
    END IF;
    IF EXISTS (
        SELECT FROM new_rows AS period
        CROSS JOIN LATERAL (
            SELECT coalesce(cut_on, ends_on) AS over_on FROM subscription_periods AS other
            WHERE other.company_id = period.company_id AND other.subscription_id = period.subscription_id
                AND other.sequence < period.sequence
            ORDER BY other.sequence DESC LIMIT 1
        ) AS before
        WHERE period.id = ANY (extended) AND before.over_on > period.starts_on
    ) OR EXISTS (
        SELECT FROM new_rows AS period
        CROSS JOIN LATERAL (
            SELECT starts_on FROM subscription_periods AS other
            WHERE other.company_id = period.company_id AND other.subscription_id = period.subscription_id
                AND other.sequence > period.sequence
            ORDER BY other.sequence LIMIT 1
        ) AS following
        WHERE period.id = ANY (extended) AND following.starts_on < coalesce(period.cut_on, period.ends_on)
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            TABLE = 'subscription_periods',
            CONSTRAINT = 'subscription_periods_order_check',
            MESSAGE = 'a period of a subscription begins before the one before it is over';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER check_inserted_periods AFTER INSERT ON subscription_periods
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_periods();

CREATE TRIGGER check_updated_periods AFTER UPDATE ON subscription_periods
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_periods();
"""


def upgrade() -> None:
    """Mirror subscriptions from a billing system."""
    run_script(op.get_bind(), _SCRIPT)


def downgrade() -> None:
    """Raise: a release is taken back by restoring a backup."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
