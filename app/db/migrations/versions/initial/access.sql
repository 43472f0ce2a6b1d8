-- Grants and policies of the service's role. It owns nothing; policies on every table show it the rows of one company.

GRANT USAGE ON SCHEMA public TO customer_gateway_service;
GRANT SELECT ON alembic_version, companies, ledger_accounts, customer_metadata, customer_words, customer_group_metadata
    TO customer_gateway_service;
GRANT SELECT, INSERT, UPDATE ON customers, subscriptions, subscription_periods, outbox_events TO customer_gateway_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON customer_groups, contacts, departments, idempotency_keys TO customer_gateway_service;
-- Insert only.
GRANT SELECT, INSERT ON billing_transitions, billing_documents, billing_document_lines, customer_history
    TO customer_gateway_service;

ALTER TABLE companies ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON companies TO customer_gateway_service
    USING (id = nullif(current_setting('app.company_id', true), '')::uuid);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'api_keys', 'billing_document_lines', 'billing_documents', 'billing_transitions', 'contacts',
        'customer_group_metadata', 'customer_groups', 'customer_history', 'customer_metadata', 'customer_words',
        'customers', 'departments', 'idempotency_keys', 'ledger_accounts', 'outbox_events', 'subscription_periods',
        'subscriptions'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own_company ON %I TO customer_gateway_service'
            ' USING (company_id = nullif(current_setting(''app.company_id'', true), '''')::uuid)',
            name
        );
    END LOOP;
END
$$;

-- The only query that runs before the company is known. It runs as the owner and returns a row for the exact hash only.
CREATE FUNCTION authenticate_api_key(presented bytea)
RETURNS TABLE (company_id uuid, id uuid, name text, scopes text[], expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT api_keys.company_id, api_keys.id, api_keys.name, api_keys.scopes, api_keys.expires_at
    FROM api_keys
    WHERE api_keys.key_hash = presented
        AND api_keys.revoked_at IS NULL
        AND (api_keys.expires_at IS NULL OR api_keys.expires_at > now())
$$;

REVOKE ALL ON FUNCTION authenticate_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION authenticate_api_key(bytea) TO customer_gateway_service;
