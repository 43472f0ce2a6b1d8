-- Triggers that maintain the side tables, once per statement (number_key in customer_metadata follows by its foreign key).
-- They run as the owner, because the service can only read the side tables.

CREATE FUNCTION index_customers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM customer_metadata AS indexed
        USING new_rows JOIN old_rows USING (company_id, id)
        WHERE indexed.company_id = new_rows.company_id AND indexed.customer_id = new_rows.id
            AND new_rows.metadata IS DISTINCT FROM old_rows.metadata;
        DELETE FROM customer_words AS indexed
        USING new_rows JOIN old_rows USING (company_id, id)
        WHERE indexed.company_id = new_rows.company_id AND indexed.customer_id = new_rows.id
            AND (new_rows.customer_number, new_rows.name, new_rows.email, new_rows.vat_number, new_rows.external_system_id)
                IS DISTINCT FROM
                (old_rows.customer_number, old_rows.name, old_rows.email, old_rows.vat_number, old_rows.external_system_id);
    END IF;
    -- Customers whose entries were not deleted above still have all of them.
    INSERT INTO customer_metadata (company_id, pair, number_key, customer_id)
    SELECT new_rows.company_id, metadata_pair(entry.key, entry.value), new_rows.number_key, new_rows.id
    FROM new_rows CROSS JOIN LATERAL jsonb_each(new_rows.metadata) AS entry
    ON CONFLICT DO NOTHING;
    INSERT INTO customer_words (company_id, word, number_key, customer_id)
    SELECT new_rows.company_id, word, new_rows.number_key, new_rows.id
    FROM new_rows CROSS JOIN LATERAL search_words(
        concat_ws(' ', new_rows.customer_number, new_rows.name, new_rows.email, new_rows.vat_number, new_rows.external_system_id)
    ) AS word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER index_inserted_customers AFTER INSERT ON customers
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_customers();

CREATE TRIGGER index_updated_customers AFTER UPDATE ON customers
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_customers();

CREATE FUNCTION index_customer_groups() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM customer_group_metadata AS indexed
        USING new_rows JOIN old_rows USING (company_id, id)
        WHERE indexed.company_id = new_rows.company_id AND indexed.customer_group_id = new_rows.id
            AND new_rows.metadata IS DISTINCT FROM old_rows.metadata;
    END IF;
    INSERT INTO customer_group_metadata (company_id, pair, customer_group_id)
    SELECT new_rows.company_id, metadata_pair(entry.key, entry.value), new_rows.id
    FROM new_rows CROSS JOIN LATERAL jsonb_each(new_rows.metadata) AS entry
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER index_inserted_customer_groups AFTER INSERT ON customer_groups
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_customer_groups();

CREATE TRIGGER index_updated_customer_groups AFTER UPDATE ON customer_groups
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_customer_groups();
