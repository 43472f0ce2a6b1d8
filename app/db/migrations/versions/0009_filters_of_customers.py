"""Let customers be filtered by more of their fields, by contacts and subscriptions, and sorted by their last change."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FORM = '{column}_form TEXT COLLATE "C" GENERATED ALWAYS AS ("left"(comparison_form({column}), 255)) STORED'
_COMPARED = ("email", "vat_number", "postal_code", "city")
# One rewrite per table.
_COLUMNS = f"""
ALTER TABLE customers {", ".join("ADD COLUMN " + _FORM.format(column=column) for column in _COMPARED)};
ALTER TABLE contacts ADD COLUMN {_FORM.format(column="email")};
"""
_FILTERS = {
    "currency": "default_currency",
    "vat_zone": "vat_zone",
    "billing_relationship": "billing_relationship",
    "consolidation_mode": "consolidation_mode",
    **{column: f"{column}_form" for column in _COMPARED},
}
_ORDERS = {"name": "name_key", "creation": "created_at", "update": "updated_at"}
_INDEXES = (
    "CREATE INDEX customers_by_update ON customers (company_id, updated_at, id)",
    "CREATE INDEX contacts_by_email ON contacts (company_id, email_form, customer_id)",
    *(
        f"CREATE INDEX customers_by_{name} ON customers (company_id, {column}, number_key, id)"
        for name, column in _FILTERS.items()
    ),
    *(
        f"CREATE INDEX customers_of_parent_by_{name} ON customers (company_id, parent_customer_id, {column}, id)"
        " WHERE parent_customer_id IS NOT NULL"
        for name, column in _ORDERS.items()
    ),
    *(
        f"CREATE INDEX customers_of_group_by_{name} ON customers (company_id, customer_group_id, {column}, id)"
        for name, column in _ORDERS.items()
    ),
)
_STATUSES = """
CREATE TABLE customer_subscription_statuses (
    company_id UUID NOT NULL,
    status TEXT NOT NULL,
    number_key TEXT COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    CONSTRAINT customer_subscription_statuses_pkey PRIMARY KEY (company_id, status, number_key, customer_id),
    CONSTRAINT customer_subscription_statuses_customer_fkey FOREIGN KEY (company_id, number_key, customer_id)
        REFERENCES customers (company_id, number_key, id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX customer_subscription_statuses_of_customer ON customer_subscription_statuses (company_id, customer_id);
GRANT SELECT ON customer_subscription_statuses TO customer_gateway_service;
ALTER TABLE customer_subscription_statuses ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON customer_subscription_statuses TO customer_gateway_service
    USING (company_id = nullif(current_setting('app.company_id', true), '')::uuid);
INSERT INTO customer_subscription_statuses (company_id, status, number_key, customer_id)
SELECT DISTINCT subscriptions.company_id, status, number_key, customer_id
FROM subscriptions JOIN customers ON (customers.company_id, customers.id) = (subscriptions.company_id, customer_id);

-- Runs as the owner, once per statement, as the triggers of the other side tables.
CREATE FUNCTION index_subscription_statuses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    companies uuid[];
    changed uuid[];
BEGIN
    CASE TG_OP
    WHEN 'INSERT' THEN
        SELECT array_agg(company_id), array_agg(customer_id) INTO companies, changed
        FROM (SELECT DISTINCT company_id, customer_id FROM new_rows) AS found;
    WHEN 'DELETE' THEN
        SELECT array_agg(company_id), array_agg(customer_id) INTO companies, changed
        FROM (SELECT DISTINCT company_id, customer_id FROM old_rows) AS found;
    ELSE
        SELECT array_agg(company_id), array_agg(customer_id) INTO companies, changed
        FROM (
            SELECT DISTINCT company_id, customer_id
            FROM (
                (
                    SELECT company_id, customer_id, status FROM old_rows
                    EXCEPT SELECT company_id, customer_id, status FROM new_rows
                ) UNION (
                    SELECT company_id, customer_id, status FROM new_rows
                    EXCEPT SELECT company_id, customer_id, status FROM old_rows
                )
            ) AS different
        ) AS found;
    END CASE;
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    -- Two transactions that change the subscriptions of one customer would not see each other's.
    PERFORM FROM customers
    WHERE (company_id, id) IN (SELECT * FROM unnest(companies, changed))
    ORDER BY company_id, id FOR NO KEY UPDATE;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM customer_subscription_statuses AS indexed
        USING unnest(companies, changed) AS found (company_id, customer_id)
        WHERE indexed.company_id = found.company_id AND indexed.customer_id = found.customer_id
            AND NOT EXISTS (
                SELECT FROM subscriptions
                WHERE subscriptions.company_id = indexed.company_id
                    AND subscriptions.customer_id = indexed.customer_id AND subscriptions.status = indexed.status
            );
    END IF;
    INSERT INTO customer_subscription_statuses (company_id, status, number_key, customer_id)
    SELECT DISTINCT subscriptions.company_id, subscriptions.status, customers.number_key, customers.id
    FROM unnest(companies, changed) AS found (company_id, customer_id)
    JOIN subscriptions USING (company_id, customer_id)
    JOIN customers ON customers.company_id = found.company_id AND customers.id = found.customer_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER index_inserted_subscriptions AFTER INSERT ON subscriptions
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_subscription_statuses();

CREATE TRIGGER index_updated_subscriptions AFTER UPDATE ON subscriptions
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_subscription_statuses();

CREATE TRIGGER index_deleted_subscriptions AFTER DELETE ON subscriptions
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION index_subscription_statuses();
"""


def upgrade() -> None:
    """Add the forms in which texts are compared, the indexes, and the table of the statuses of subscriptions."""
    run_script(op.get_bind(), ";".join((_COLUMNS.rstrip().rstrip(";"), *_INDEXES, _STATUSES)))


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
