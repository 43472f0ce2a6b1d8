"""Give events positions in the feed of their company, after the commits of their writers."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_SCRIPT = """
-- Positions replace the marks of followers. Columns are added and dropped by one statement, which rewrites the table.
ALTER TABLE outbox_events
    DROP COLUMN published_at,
    ADD COLUMN position BIGINT,
    ADD COLUMN customer_id UUID GENERATED ALWAYS AS (
        CASE WHEN starts_with(type, 'customer.') THEN subject_id ELSE (data ->> 'customerId')::uuid END
    ) STORED;

-- Of several events with one version of a subscription, the first one made it; the others changed nothing of it.
UPDATE outbox_events AS event
SET data = event.data || jsonb_build_object('changedFields', coalesce((
    SELECT jsonb_agg(field ORDER BY field COLLATE "C")
    FROM history CROSS JOIN LATERAL jsonb_object_keys(history.changes) AS field
    WHERE history.company_id = event.company_id AND history.subject_id = event.subject_id
        AND history.version = (event.data ->> 'version')::integer AND told.is_first
), '[]'))
FROM (
    SELECT company_id, sequence, row_number() OVER (
        PARTITION BY company_id, subject_id, data ->> 'version' ORDER BY sequence
    ) = 1 AS is_first
    FROM outbox_events WHERE starts_with(type, 'subscription.')
) AS told
WHERE told.company_id = event.company_id AND told.sequence = event.sequence
    AND event.type IN ('subscription.transitioned', 'subscription.rescheduled');

UPDATE outbox_events AS event SET position = numbered.position
FROM (
    SELECT company_id, sequence, row_number() OVER (PARTITION BY company_id ORDER BY sequence) AS position
    FROM outbox_events
) AS numbered
WHERE numbered.company_id = event.company_id AND numbered.sequence = event.sequence;

-- Not a constraint: an event without a position would have an entry, which its writer would pay for.
CREATE UNIQUE INDEX outbox_events_by_position ON outbox_events (company_id, position) WHERE position IS NOT NULL;
CREATE INDEX outbox_events_unstamped ON outbox_events (sequence) WHERE position IS NULL;
REVOKE UPDATE ON outbox_events FROM customer_gateway_service;

CREATE TABLE feed_heads (
    company_id UUID NOT NULL,
    position BIGINT NOT NULL,
    expired_position BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT feed_heads_pkey PRIMARY KEY (company_id),
    CONSTRAINT feed_heads_company_id_fkey FOREIGN KEY (company_id) REFERENCES companies (id),
    CONSTRAINT feed_heads_expired_position_check CHECK (expired_position BETWEEN 0 AND position)
);
ALTER TABLE feed_heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON feed_heads TO customer_gateway_service
    USING (company_id = nullif(current_setting('app.company_id', true), '')::uuid);
GRANT SELECT ON feed_heads TO customer_gateway_service;
INSERT INTO feed_heads (company_id, position)
SELECT company_id, max(position) FROM outbox_events GROUP BY company_id;

-- Gives positions to up to `most` visible events, and returns the new heads. One transaction at a time; others return
-- without waiting. Each statement here has a new snapshot, so the events that the previous holder of the lock stamped
-- are seen. Sequential scans are off because the plan is kept, and the table may have been small when it was made; rows
-- are passed as arrays, because a plan for an unknown number of rows could read the whole table.
CREATE FUNCTION stamp_events(most integer) RETURNS TABLE (company_id uuid, "position" bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    companies uuid[];
    sequences bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('customer-gateway feed', 0)) THEN
        RETURN;
    END IF;
    SELECT array_agg(waiting.company_id), array_agg(waiting.sequence) INTO companies, sequences
    FROM (
        SELECT event.company_id, event.sequence FROM outbox_events AS event
        WHERE event.position IS NULL ORDER BY event.sequence LIMIT most
    ) AS waiting;
    IF companies IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH placed AS (
        SELECT waiting.company_id, waiting.sequence, coalesce(head.position, 0) + row_number() OVER (
            PARTITION BY waiting.company_id ORDER BY waiting.sequence
        ) AS position
        FROM unnest(companies, sequences) AS waiting (company_id, sequence)
        LEFT JOIN feed_heads AS head ON head.company_id = waiting.company_id
    ), stamped AS (
        UPDATE outbox_events AS event SET position = placed.position
        FROM placed
        WHERE event.company_id = placed.company_id AND event.sequence = placed.sequence
    )
    INSERT INTO feed_heads AS head (company_id, position)
    SELECT placed.company_id, max(placed.position) FROM placed GROUP BY placed.company_id
    ON CONFLICT (company_id) DO UPDATE SET position = excluded.position
    RETURNING head.company_id, head.position;
END
$$;

-- Deletes up to `most` events from before a time, in the order of positions, and returns their number. It waits for
-- the lock, because a sequencer releases it within milliseconds.
CREATE FUNCTION expire_events(before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    feed record;
    last bigint;
    deleted bigint;
    expired bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('customer-gateway feed', 0));
    FOR feed IN
        SELECT head.company_id, head.expired_position AS position
        FROM feed_heads AS head CROSS JOIN LATERAL (
            SELECT event.occurred_at FROM outbox_events AS event
            WHERE event.company_id = head.company_id AND event.position > head.expired_position
            ORDER BY event.position LIMIT 1
        ) AS oldest
        WHERE oldest.occurred_at < before
    LOOP
        EXIT WHEN expired >= most;
        -- Up to the first event that is young enough to stay, so that positions from there on have no gaps.
        WITH oldest AS (
            SELECT event.position, event.occurred_at FROM outbox_events AS event
            WHERE event.company_id = feed.company_id AND event.position > feed.position
            ORDER BY event.position LIMIT most - expired
        )
        SELECT coalesce(min(oldest.position) FILTER (WHERE oldest.occurred_at >= before) - 1, max(oldest.position))
        INTO last FROM oldest;
        DELETE FROM outbox_events AS event
        WHERE event.company_id = feed.company_id AND event.position > feed.position AND event.position <= last;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        expired := expired + deleted;
        UPDATE feed_heads SET expired_position = last WHERE company_id = feed.company_id;
    END LOOP;
    RETURN expired;
END
$$;

CREATE FUNCTION feed_positions(companies uuid[]) RETURNS TABLE (company_id uuid, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT head.company_id, head.position FROM feed_heads AS head WHERE head.company_id = ANY (companies)
$$;

-- The number of events without a position, at most `most`, and the age of the oldest of them.
CREATE FUNCTION unstamped_events(most integer) RETURNS TABLE (events bigint, oldest_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(waiting.occurred_at)), 0)::double precision
    FROM (
        SELECT event.occurred_at FROM outbox_events AS event
        WHERE event.position IS NULL ORDER BY event.sequence LIMIT most
    ) AS waiting
$$;

REVOKE ALL ON FUNCTION stamp_events(integer), expire_events(timestamptz, integer), feed_positions(uuid[]),
    unstamped_events(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stamp_events(integer), expire_events(timestamptz, integer), feed_positions(uuid[]),
    unstamped_events(integer) TO customer_gateway_service;
"""


def upgrade() -> None:
    """Add positions, heads and the functions of the feed. Existing events get positions in the order of writing."""
    run_script(op.get_bind(), _SCRIPT)


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
