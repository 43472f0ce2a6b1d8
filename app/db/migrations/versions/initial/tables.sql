-- The tables of the first revision. What they are today is declared by app/db/tables.py; a test compares that with all migrations.

CREATE TABLE companies (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    base_currency TEXT NOT NULL,
    time_zone TEXT DEFAULT 'Europe/Copenhagen' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT companies_pkey PRIMARY KEY (id),
    CONSTRAINT companies_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT companies_base_currency_check CHECK (base_currency ~ '^[A-Z]{3}$')
);

CREATE TABLE api_keys (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT api_keys_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT api_keys_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255)
);

CREATE TABLE idempotency_keys (
    company_id UUID NOT NULL,
    key TEXT NOT NULL,
    mutation TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    payload JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (company_id, key),
    CONSTRAINT idempotency_keys_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT idempotency_keys_key_length_check CHECK (char_length(key) BETWEEN 1 AND 255)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (company_id, expires_at);

CREATE TABLE ledger_accounts (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT ledger_accounts_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT ledger_accounts_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT ledger_accounts_company_id_number_key UNIQUE (company_id, number),
    CONSTRAINT ledger_accounts_number_length_check CHECK (char_length(number) BETWEEN 1 AND 50),
    CONSTRAINT ledger_accounts_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255)
);

CREATE TABLE outbox_events (
    company_id UUID NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    subject_id UUID NOT NULL,
    actor TEXT NOT NULL,
    data JSONB NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT outbox_events_pkey PRIMARY KEY (company_id, sequence),
    CONSTRAINT outbox_events_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT outbox_events_company_id_id_key UNIQUE (company_id, id)
);

CREATE INDEX outbox_events_unpublished ON outbox_events (company_id, sequence) WHERE published_at IS NULL;

CREATE TABLE customer_groups (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    discount NUMERIC(5, 2) DEFAULT 0 NOT NULL,
    account_id UUID NOT NULL,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    number_key TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN number ~ '^[0-9]+$' THEN ('0' || lpad((length(ltrim(number, '0')))::text, 2, '0')) || ltrim(number, '0') ELSE '1' || number END) STORED NOT NULL,
    CONSTRAINT customer_groups_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT customer_groups_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT customer_groups_company_id_account_id_fkey FOREIGN KEY(company_id, account_id) REFERENCES ledger_accounts (company_id, id),
    CONSTRAINT customer_groups_company_id_number_key UNIQUE (company_id, number),
    CONSTRAINT customer_groups_number_length_check CHECK (char_length(number) BETWEEN 1 AND 50),
    CONSTRAINT customer_groups_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT customer_groups_discount_check CHECK (discount BETWEEN 0 AND 100),
    CONSTRAINT customer_groups_metadata_check CHECK (metadata_is_valid(metadata))
);

CREATE INDEX customer_groups_by_number ON customer_groups (company_id, number_key, id);

CREATE TABLE customer_group_metadata (
    company_id UUID NOT NULL,
    pair BYTEA NOT NULL,
    customer_group_id UUID NOT NULL,
    CONSTRAINT customer_group_metadata_pkey PRIMARY KEY (company_id, pair, customer_group_id),
    CONSTRAINT customer_group_metadata_company_id_customer_group_id_fkey FOREIGN KEY(company_id, customer_group_id) REFERENCES customer_groups (company_id, id) ON DELETE CASCADE
);

CREATE INDEX customer_group_metadata_of_group ON customer_group_metadata (company_id, customer_group_id);

CREATE TABLE customers (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_number TEXT NOT NULL,
    customer_type TEXT DEFAULT 'BUSINESS' NOT NULL,
    name TEXT NOT NULL,
    vat_zone TEXT NOT NULL,
    customer_group_id UUID NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    billing_relationship TEXT DEFAULT 'SELF' NOT NULL,
    include_child_details_pdf BOOLEAN DEFAULT false NOT NULL,
    email TEXT,
    phone TEXT,
    address TEXT,
    city TEXT,
    postal_code TEXT,
    country_code TEXT NOT NULL,
    vat_number TEXT,
    website TEXT,
    external_system_id TEXT,
    notes TEXT,
    credit_limit NUMERIC(15, 2),
    opening_balance NUMERIC(15, 2),
    payment_terms SMALLINT,
    payment_term_type TEXT,
    default_currency TEXT NOT NULL,
    parent_customer_id UUID,
    consolidation_mode TEXT,
    billing_day SMALLINT,
    parent_invoice_template_id UUID,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    number_key TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN customer_number ~ '^[0-9]+$' THEN ('0' || lpad((length(ltrim(customer_number, '0')))::text, 2, '0')) || ltrim(customer_number, '0') ELSE '1' || customer_number END) STORED NOT NULL,
    name_key TEXT COLLATE alphabet GENERATED ALWAYS AS (lower(name COLLATE "alphabet")) STORED NOT NULL,
    name_prefix TEXT COLLATE "C" GENERATED ALWAYS AS (lower(name COLLATE "alphabet")) STORED NOT NULL,
    CONSTRAINT customers_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT customers_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT customers_company_id_customer_group_id_fkey FOREIGN KEY(company_id, customer_group_id) REFERENCES customer_groups (company_id, id),
    CONSTRAINT customers_company_id_parent_customer_id_fkey FOREIGN KEY(company_id, parent_customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT customers_company_id_customer_number_key UNIQUE (company_id, customer_number),
    CONSTRAINT customers_by_number UNIQUE (company_id, number_key, id),
    CONSTRAINT customers_customer_number_length_check CHECK (char_length(customer_number) BETWEEN 1 AND 50),
    CONSTRAINT customers_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT customers_email_length_check CHECK (char_length(email) BETWEEN 1 AND 255),
    CONSTRAINT customers_phone_length_check CHECK (char_length(phone) BETWEEN 1 AND 255),
    CONSTRAINT customers_address_length_check CHECK (char_length(address) BETWEEN 1 AND 255),
    CONSTRAINT customers_city_length_check CHECK (char_length(city) BETWEEN 1 AND 255),
    CONSTRAINT customers_postal_code_length_check CHECK (char_length(postal_code) BETWEEN 1 AND 255),
    CONSTRAINT customers_vat_number_length_check CHECK (char_length(vat_number) BETWEEN 1 AND 255),
    CONSTRAINT customers_website_length_check CHECK (char_length(website) BETWEEN 1 AND 255),
    CONSTRAINT customers_external_system_id_length_check CHECK (char_length(external_system_id) BETWEEN 1 AND 255),
    CONSTRAINT customers_notes_length_check CHECK (char_length(notes) BETWEEN 1 AND 10000),
    CONSTRAINT customers_customer_type_check CHECK (customer_type IN ('BUSINESS', 'PRIVATE')),
    CONSTRAINT customers_vat_zone_check CHECK (vat_zone IN ('DOMESTIC', 'EU', 'ABROAD', 'DOMESTIC_WITHOUT_VAT')),
    CONSTRAINT customers_billing_relationship_check CHECK (billing_relationship IN ('SELF', 'PARENT_PAYS')),
    CONSTRAINT customers_payment_term_type_check CHECK (payment_term_type IN ('NET', 'END_OF_MONTH')),
    CONSTRAINT customers_consolidation_mode_check CHECK (consolidation_mode IN ('SINGLE_INVOICE', 'PER_CHILD_INVOICE')),
    CONSTRAINT customers_country_code_check CHECK (country_code ~ '^[A-Z]{2}$'),
    CONSTRAINT customers_default_currency_check CHECK (default_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT customers_credit_limit_check CHECK (credit_limit >= 0),
    CONSTRAINT customers_payment_terms_check CHECK (payment_terms BETWEEN 0 AND 365),
    CONSTRAINT customers_billing_day_check CHECK (billing_day BETWEEN 1 AND 28),
    CONSTRAINT customers_parent_customer_id_check CHECK (parent_customer_id <> id),
    CONSTRAINT customers_payer_check CHECK (billing_relationship = 'SELF' OR parent_customer_id IS NOT NULL),
    CONSTRAINT customers_consolidation_of_a_child_check CHECK (parent_customer_id IS NULL OR (consolidation_mode IS NULL AND billing_day IS NULL AND parent_invoice_template_id IS NULL)),
    CONSTRAINT customers_billing_day_required_check CHECK (consolidation_mode <> 'SINGLE_INVOICE' OR billing_day IS NOT NULL),
    CONSTRAINT customers_metadata_check CHECK (metadata_is_valid(metadata))
);

CREATE INDEX customers_by_activity ON customers (company_id, is_active, number_key, id);

CREATE INDEX customers_by_country ON customers (company_id, country_code, number_key, id);

CREATE INDEX customers_by_creation ON customers (company_id, created_at, id);

CREATE INDEX customers_by_name ON customers (company_id, name_key, id);

CREATE INDEX customers_by_name_prefix ON customers (company_id, name_prefix);

CREATE INDEX customers_by_type ON customers (company_id, customer_type, number_key, id);

CREATE UNIQUE INDEX customers_external_system_id_key ON customers (company_id, external_system_id) WHERE external_system_id IS NOT NULL;

CREATE INDEX customers_of_group ON customers (company_id, customer_group_id, number_key, id);

CREATE INDEX customers_of_parent ON customers (company_id, parent_customer_id, number_key, id);

CREATE INDEX customers_with_parent ON customers (company_id, number_key, id) WHERE parent_customer_id IS NOT NULL;

CREATE INDEX customers_without_external_system_id ON customers (company_id, number_key, id) WHERE external_system_id IS NULL;

CREATE TABLE billing_transitions (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    effective_on DATE NOT NULL,
    arrangement_before JSONB NOT NULL,
    arrangement_after JSONB NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT billing_transitions_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT billing_transitions_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT billing_transitions_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id)
);

CREATE INDEX billing_transitions_of_customer ON billing_transitions (company_id, customer_id, effective_on, id);

CREATE TABLE contacts (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    name TEXT NOT NULL,
    is_default_for_customer BOOLEAN DEFAULT false NOT NULL,
    email TEXT,
    phone TEXT,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    name_key TEXT COLLATE alphabet GENERATED ALWAYS AS (lower(name COLLATE "alphabet")) STORED NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT contacts_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT contacts_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT contacts_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT contacts_email_length_check CHECK (char_length(email) BETWEEN 1 AND 255),
    CONSTRAINT contacts_phone_length_check CHECK (char_length(phone) BETWEEN 1 AND 255)
);

CREATE INDEX contacts_of_customer ON contacts (company_id, customer_id, is_default_for_customer DESC, name_key, id);

CREATE UNIQUE INDEX contacts_one_default_per_customer ON contacts (company_id, customer_id) WHERE is_default_for_customer;

CREATE TABLE customer_history (
    company_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    version INTEGER NOT NULL,
    operation TEXT NOT NULL,
    actor TEXT NOT NULL,
    changes JSONB NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT customer_history_pkey PRIMARY KEY (company_id, customer_id, version),
    CONSTRAINT customer_history_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT customer_history_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT customer_history_operation_check CHECK (operation IN ('CREATED', 'UPDATED'))
);

CREATE TABLE customer_metadata (
    company_id UUID NOT NULL,
    pair BYTEA NOT NULL,
    number_key TEXT COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    CONSTRAINT customer_metadata_pkey PRIMARY KEY (company_id, pair, number_key, customer_id),
    CONSTRAINT customer_metadata_company_id_number_key_customer_id_fkey FOREIGN KEY(company_id, number_key, customer_id) REFERENCES customers (company_id, number_key, id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX customer_metadata_of_customer ON customer_metadata (company_id, customer_id);

CREATE TABLE customer_words (
    company_id UUID NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    number_key TEXT COLLATE "C" NOT NULL,
    customer_id UUID NOT NULL,
    CONSTRAINT customer_words_pkey PRIMARY KEY (company_id, word, number_key, customer_id),
    CONSTRAINT customer_words_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id) ON DELETE CASCADE
);

CREATE INDEX customer_words_of_customer ON customer_words (company_id, customer_id, word);

CREATE TABLE departments (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN DEFAULT false NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    po_number TEXT,
    ean_number TEXT,
    address TEXT,
    city TEXT,
    postal_code TEXT,
    country_code TEXT,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    name_key TEXT COLLATE alphabet GENERATED ALWAYS AS (lower(name COLLATE "alphabet")) STORED NOT NULL,
    CONSTRAINT departments_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT departments_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT departments_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT departments_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT departments_po_number_length_check CHECK (char_length(po_number) BETWEEN 1 AND 255),
    CONSTRAINT departments_address_length_check CHECK (char_length(address) BETWEEN 1 AND 255),
    CONSTRAINT departments_city_length_check CHECK (char_length(city) BETWEEN 1 AND 255),
    CONSTRAINT departments_postal_code_length_check CHECK (char_length(postal_code) BETWEEN 1 AND 255),
    CONSTRAINT departments_ean_number_check CHECK (ean_is_valid(ean_number)),
    CONSTRAINT departments_country_code_check CHECK (country_code ~ '^[A-Z]{2}$')
);

CREATE INDEX departments_of_customer ON departments (company_id, customer_id, is_default DESC, name_key, id);

CREATE UNIQUE INDEX departments_one_default_per_customer ON departments (company_id, customer_id) WHERE is_default;

CREATE TABLE subscriptions (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    billing_direction TEXT DEFAULT 'ADVANCE' NOT NULL,
    currency TEXT NOT NULL,
    net_amount NUMERIC NOT NULL,
    interval_months SMALLINT DEFAULT 1 NOT NULL,
    anchor_day SMALLINT NOT NULL,
    started_on DATE NOT NULL,
    ends_on DATE,
    current_period_start DATE NOT NULL,
    current_period_end DATE NOT NULL,
    next_billing_date DATE,
    version INTEGER DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT subscriptions_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT subscriptions_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT subscriptions_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT subscriptions_name_length_check CHECK (char_length(name) BETWEEN 1 AND 255),
    CONSTRAINT subscriptions_status_check CHECK (status IN ('SCHEDULED', 'TRIAL', 'AWAITING_PAYMENT', 'ACTIVE', 'PENDING_CANCELLATION', 'PAUSED', 'CANCELLED', 'EXPIRED')),
    CONSTRAINT subscriptions_billing_direction_check CHECK (billing_direction IN ('ADVANCE', 'ARREARS')),
    CONSTRAINT subscriptions_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT subscriptions_net_amount_check CHECK (net_amount >= 0),
    CONSTRAINT subscriptions_interval_months_check CHECK (interval_months BETWEEN 1 AND 120),
    CONSTRAINT subscriptions_anchor_day_check CHECK (anchor_day BETWEEN 1 AND 31),
    CONSTRAINT subscriptions_current_period_check CHECK (current_period_start < current_period_end)
);

CREATE INDEX subscriptions_of_customer ON subscriptions (company_id, customer_id, started_on, id);

CREATE INDEX subscriptions_of_customer_by_status ON subscriptions (company_id, customer_id, status, started_on, id);

CREATE TABLE billing_documents (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    customer_id UUID NOT NULL,
    payer_customer_id UUID NOT NULL,
    transition_id UUID,
    currency TEXT NOT NULL,
    total NUMERIC NOT NULL,
    issued_on DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT billing_documents_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT billing_documents_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT billing_documents_company_id_customer_id_fkey FOREIGN KEY(company_id, customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT billing_documents_company_id_payer_customer_id_fkey FOREIGN KEY(company_id, payer_customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT billing_documents_company_id_transition_id_fkey FOREIGN KEY(company_id, transition_id) REFERENCES billing_transitions (company_id, id),
    CONSTRAINT billing_documents_kind_check CHECK (kind IN ('CREDIT_NOTE', 'INVOICE')),
    CONSTRAINT billing_documents_currency_check CHECK (currency ~ '^[A-Z]{3}$')
);

CREATE INDEX billing_documents_of_customer ON billing_documents (company_id, customer_id, issued_on, id);

CREATE INDEX billing_documents_of_payer ON billing_documents (company_id, payer_customer_id, issued_on, id);

CREATE INDEX billing_documents_of_transition ON billing_documents (company_id, transition_id, id);

CREATE TABLE subscription_periods (
    company_id UUID NOT NULL,
    id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    sequence INTEGER NOT NULL,
    payer_customer_id UUID NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    net_amount NUMERIC NOT NULL,
    billed_amount NUMERIC NOT NULL,
    credited_amount NUMERIC NOT NULL,
    cut_on DATE,
    transition_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT subscription_periods_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT subscription_periods_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT subscription_periods_company_id_subscription_id_fkey FOREIGN KEY(company_id, subscription_id) REFERENCES subscriptions (company_id, id),
    CONSTRAINT subscription_periods_company_id_payer_customer_id_fkey FOREIGN KEY(company_id, payer_customer_id) REFERENCES customers (company_id, id),
    CONSTRAINT subscription_periods_company_id_transition_id_fkey FOREIGN KEY(company_id, transition_id) REFERENCES billing_transitions (company_id, id),
    CONSTRAINT subscription_periods_company_id_subscription_id_sequence_key UNIQUE (company_id, subscription_id, sequence),
    CONSTRAINT subscription_periods_span_check CHECK (starts_on < ends_on),
    CONSTRAINT subscription_periods_cut_on_check CHECK (cut_on BETWEEN starts_on AND ends_on),
    CONSTRAINT subscription_periods_credited_amount_check CHECK (credited_amount BETWEEN 0 AND billed_amount)
);

CREATE INDEX subscription_periods_of_transition ON subscription_periods (company_id, transition_id, id);

CREATE TABLE billing_document_lines (
    company_id UUID NOT NULL,
    document_id UUID NOT NULL,
    line_number INTEGER NOT NULL,
    subscription_id UUID NOT NULL,
    description TEXT NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    days INTEGER NOT NULL,
    amount NUMERIC NOT NULL,
    CONSTRAINT billing_document_lines_pkey PRIMARY KEY (company_id, document_id, line_number),
    CONSTRAINT billing_document_lines_company_id_fkey FOREIGN KEY(company_id) REFERENCES companies (id),
    CONSTRAINT billing_document_lines_company_id_document_id_fkey FOREIGN KEY(company_id, document_id) REFERENCES billing_documents (company_id, id),
    CONSTRAINT billing_document_lines_company_id_subscription_id_fkey FOREIGN KEY(company_id, subscription_id) REFERENCES subscriptions (company_id, id),
    CONSTRAINT billing_document_lines_days_check CHECK (starts_on < ends_on AND days = ends_on - starts_on)
);
