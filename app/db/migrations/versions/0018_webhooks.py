"""Keep webhook endpoints and what was delivered to them."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE webhook_endpoints (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    types TEXT[] NOT NULL,
    document TEXT,
    scopes TEXT[] NOT NULL,
    status TEXT DEFAULT 'ACTIVE' NOT NULL,
    paused_reason TEXT,
    paused_at TIMESTAMP WITH TIME ZONE,
    position BIGINT NOT NULL,
    lost_from BIGINT,
    lost_to BIGINT,
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_secret_until TIMESTAMP WITH TIME ZONE,
    test_requested_at TIMESTAMP WITH TIME ZONE,
    attempts INTEGER DEFAULT 0 NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    next_attempt_at TIMESTAMP WITH TIME ZONE,
    leased_by UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT webhook_endpoints_company_id_fkey FOREIGN KEY (company_id) REFERENCES companies (id),
    CONSTRAINT webhook_endpoints_url_length_check CHECK (char_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT webhook_endpoints_document_length_check CHECK (char_length(document) BETWEEN 1 AND 10000),
    CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('ACTIVE', 'PAUSED')),
    CONSTRAINT webhook_endpoints_paused_reason_check CHECK (paused_reason IN ('REQUESTED', 'FAILING', 'GONE', 'DOCUMENT_INVALID')),
    CONSTRAINT webhook_endpoints_state_check CHECK (
        (status = 'PAUSED') = (paused_reason IS NOT NULL) AND (status = 'PAUSED') = (paused_at IS NOT NULL)
    ),
    CONSTRAINT webhook_endpoints_lost_check CHECK (
        (lost_from IS NULL) = (lost_to IS NULL) AND (lost_from <= lost_to) IS NOT FALSE
    ),
    CONSTRAINT webhook_endpoints_previous_secret_check CHECK (
        (previous_secret IS NULL) = (previous_secret_until IS NULL)
    )
);

CREATE TABLE webhook_deliveries (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    event_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    position BIGINT,
    attempt INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER,
    error TEXT,
    latency_ms INTEGER NOT NULL,
    response TEXT,
    attempted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT webhook_deliveries_company_id_fkey FOREIGN KEY (company_id) REFERENCES companies (id),
    CONSTRAINT webhook_deliveries_company_id_endpoint_id_fkey
        FOREIGN KEY (company_id, endpoint_id) REFERENCES webhook_endpoints (company_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_outcome_check CHECK (outcome IN ('DELIVERED', 'FAILED')),
    CONSTRAINT webhook_deliveries_error_check CHECK ((outcome = 'FAILED') = (error IS NOT NULL))
);

CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (company_id, endpoint_id, id);
-- For clean-up, which works across companies.
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (attempted_at);

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON webhook_endpoints TO customer_gateway_service
    USING (company_id = nullif(current_setting('app.company_id', true), '')::uuid);
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON webhook_deliveries TO customer_gateway_service
    USING (company_id = nullif(current_setting('app.company_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO customer_gateway_service;
-- Insert only: they are removed with their endpoint, and by the function below.
GRANT SELECT, INSERT ON webhook_deliveries TO customer_gateway_service;

-- Leases endpoints that have something to send, of all companies. `free`: how many a sender can take on. `busy`: the
-- companies of the endpoints that it holds, each as often as it has one. An endpoint's `turn` tells how many its company
-- would then have. A company gets another one only while more places are free than it has, so that the endpoints of some
-- companies never take all places, however slow they are; a company that has the fewest comes first, and of equals the
-- endpoint whose last lease ended longest ago.
-- A sender that gives a lease back leaves its end in `leased_until`. A write of the service that takes `leased_by`
-- away makes the sender stop before it writes.
CREATE FUNCTION claim_webhook_endpoints(holder uuid, free integer, lease_seconds integer, busy uuid[])
RETURNS TABLE (company_id uuid, id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH due AS (
        SELECT endpoint.company_id, endpoint.id, endpoint.leased_until,
            coalesce(cardinality(array_positions(busy, endpoint.company_id)), 0) + row_number() OVER (
                PARTITION BY endpoint.company_id ORDER BY endpoint.leased_until NULLS FIRST
            ) AS turn
        FROM webhook_endpoints AS endpoint
        WHERE (endpoint.leased_by IS NULL OR endpoint.leased_until <= clock_timestamp())
            AND (
                endpoint.test_requested_at IS NOT NULL
                OR endpoint.status = 'ACTIVE'
                    AND (endpoint.next_attempt_at <= clock_timestamp()) IS NOT FALSE
                    AND EXISTS (
                        SELECT FROM feed_heads AS head
                        WHERE head.company_id = endpoint.company_id AND head.position > endpoint.position
                    )
            )
    ), sorted AS MATERIALIZED (
        SELECT due.company_id, due.id, due.turn,
            row_number() OVER (ORDER BY due.turn, due.leased_until NULLS FIRST) AS place
        FROM due
    ), claimed AS MATERIALIZED (
        SELECT endpoint.company_id, endpoint.id
        FROM sorted
        JOIN webhook_endpoints AS endpoint ON endpoint.company_id = sorted.company_id AND endpoint.id = sorted.id
        WHERE sorted.turn - 1 < free - (sorted.place - 1)
            -- Another sender may have been faster.
            AND (endpoint.leased_by IS NULL OR endpoint.leased_until <= clock_timestamp())
        FOR UPDATE OF endpoint SKIP LOCKED
    )
    UPDATE webhook_endpoints AS endpoint
    SET leased_by = holder, leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
    FROM claimed
    WHERE endpoint.company_id = claimed.company_id AND endpoint.id = claimed.id
    RETURNING endpoint.company_id, endpoint.id
$$;

CREATE FUNCTION expire_webhook_deliveries(before timestamptz, most integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH expired AS MATERIALIZED (
        SELECT delivery.company_id, delivery.id
        FROM webhook_deliveries AS delivery
        WHERE delivery.attempted_at < before
        ORDER BY delivery.attempted_at
        LIMIT most
        FOR UPDATE OF delivery SKIP LOCKED
    ), removed AS (
        DELETE FROM webhook_deliveries AS delivery
        USING expired
        WHERE delivery.company_id = expired.company_id AND delivery.id = expired.id
        RETURNING delivery.id
    )
    SELECT count(*) FROM removed
$$;

REVOKE ALL ON FUNCTION claim_webhook_endpoints(uuid, integer, integer, uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION expire_webhook_deliveries(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION claim_webhook_endpoints(uuid, integer, integer, uuid[]) TO customer_gateway_service;
GRANT EXECUTE ON FUNCTION expire_webhook_deliveries(timestamptz, integer) TO customer_gateway_service;
"""


def upgrade() -> None:
    """Create the tables and functions."""
    run_script(op.get_bind(), _SCRIPT)


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
