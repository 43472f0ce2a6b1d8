"""The tables: columns and named constraints. Every key begins with the company; there are no ORM relationships.

The file is over 250 lines because it lists all tables.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.columns import (
    CODE_POINTS,
    after_default,
    at_most,
    belongs_to,
    compared,
    finite,
    flag,
    jsonb,
    moment,
    money,
    name_key,
    name_prefix,
    number_key,
    of_company,
    one_of,
    string,
    uuid,
    version,
)
from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.events import ChangeOperation
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.webhooks import MOST_DOCUMENT_CHARACTERS, MOST_URL_CHARACTERS, PauseReason, WebhookStatus

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

companies = Table(
    "companies",
    metadata,
    uuid("id"),
    string("name", nullable=False),
    string("base_currency", nullable=False),
    Column("time_zone", Text, nullable=False, server_default="Europe/Copenhagen"),
    moment("created_at"),
    PrimaryKeyConstraint("id"),
    *at_most(255, "name"),
    CheckConstraint("base_currency ~ '^[A-Z]{3}$'", name="base_currency"),
)

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("number", nullable=False),
    string("name", nullable=False),
    version(),
    moment("created_at"),
    moment("updated_at"),
    number_key("number"),
    name_prefix(),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    UniqueConstraint("company_id", "number"),
    *at_most(50, "number"),
    *at_most(255, "name"),
    Index("ledger_accounts_by_number", "company_id", "number_key", "id"),
    Index("ledger_accounts_by_name_prefix", "company_id", "name_prefix"),
)

customer_groups = Table(
    "customer_groups",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("number", nullable=False),
    string("name", nullable=False),
    Column("discount", Numeric(5, 2), nullable=False, server_default=text("0")),
    uuid("account_id"),
    jsonb("metadata", default=True),
    version(),
    moment("created_at"),
    moment("updated_at"),
    number_key("number"),
    name_prefix(),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("ledger_accounts", "account_id"),
    UniqueConstraint("company_id", "number"),
    *at_most(50, "number"),
    *at_most(255, "name"),
    CheckConstraint("discount BETWEEN 0 AND 100", name="discount"),
    CheckConstraint("metadata_is_valid(metadata)", name="metadata"),
    Index("customer_groups_by_number", "company_id", "number_key", "id"),
    Index("customer_groups_by_name_prefix", "company_id", "name_prefix"),
)

# The other orders of a parent's children and of a group's customers.
_ORDERS = {"name": "name_key", "creation": "created_at", "update": "updated_at"}

customers = Table(
    "customers",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("customer_number", nullable=False),
    Column("customer_type", Text, nullable=False, server_default=CustomerType.BUSINESS),
    string("name", nullable=False),
    string("vat_zone", nullable=False),
    uuid("customer_group_id"),
    flag("is_active", default=True),
    Column("billing_relationship", Text, nullable=False, server_default=BillingRelationship.SELF),
    flag("include_child_details_pdf", default=False),
    string("email"),
    string("phone"),
    string("address"),
    string("city"),
    string("postal_code"),
    string("country_code", nullable=False),
    string("vat_number"),
    string("website"),
    string("external_system_id"),
    string("notes"),
    Column("credit_limit", Numeric(15, 2)),
    Column("opening_balance", Numeric(15, 2)),
    Column("payment_terms", SmallInteger),
    string("payment_term_type"),
    string("default_currency", nullable=False),
    uuid("parent_customer_id", nullable=True),
    string("consolidation_mode"),
    Column("billing_day", SmallInteger),
    uuid("parent_invoice_template_id", nullable=True),
    jsonb("metadata", default=True),
    version(),
    moment("created_at"),
    moment("updated_at"),
    number_key("customer_number"),
    name_key(),
    name_prefix(),
    compared("email"),
    compared("vat_number"),
    compared("postal_code"),
    compared("city"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customer_groups", "customer_group_id"),
    belongs_to("customers", "parent_customer_id"),
    UniqueConstraint("company_id", "customer_number"),
    # Serves lists by number. A constraint instead of an index, because a foreign key refers to it.
    UniqueConstraint("company_id", "number_key", "id", name="customers_by_number"),
    *at_most(50, "customer_number"),
    *at_most(
        255, "name", "email", "phone", "address", "city", "postal_code", "vat_number", "website", "external_system_id"
    ),
    *at_most(10_000, "notes"),
    one_of("customer_type", CustomerType),
    one_of("vat_zone", VatZone),
    one_of("billing_relationship", BillingRelationship),
    one_of("payment_term_type", PaymentTermType),
    one_of("consolidation_mode", ConsolidationMode),
    CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
    CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name="default_currency"),
    CheckConstraint("credit_limit >= 0", name="credit_limit"),
    CheckConstraint("payment_terms BETWEEN 0 AND 365", name="payment_terms"),
    CheckConstraint("billing_day BETWEEN 1 AND 28", name="billing_day"),
    CheckConstraint("parent_customer_id <> id", name="parent_customer_id"),
    CheckConstraint("billing_relationship = 'SELF' OR parent_customer_id IS NOT NULL", name="payer"),
    CheckConstraint(
        "parent_customer_id IS NULL"
        " OR (consolidation_mode IS NULL AND billing_day IS NULL AND parent_invoice_template_id IS NULL)",
        name="consolidation_of_a_child",
    ),
    CheckConstraint("consolidation_mode <> 'SINGLE_INVOICE' OR billing_day IS NOT NULL", name="billing_day_required"),
    CheckConstraint("metadata_is_valid(metadata)", name="metadata"),
    Index(
        "customers_external_system_id_key",
        "company_id",
        "external_system_id",
        unique=True,
        postgresql_where=text("external_system_id IS NOT NULL"),
    ),
    Index("customers_by_name", "company_id", "name_key", "id"),
    Index("customers_by_creation", "company_id", "created_at", "id"),
    Index("customers_by_update", "company_id", "updated_at", "id"),
    Index("customers_of_parent", "company_id", "parent_customer_id", "number_key", "id"),
    *(
        Index(
            f"customers_of_parent_by_{order}",
            "company_id",
            "parent_customer_id",
            column,
            "id",
            postgresql_where=text("parent_customer_id IS NOT NULL"),
        )
        for order, column in _ORDERS.items()
    ),
    Index("customers_of_group", "company_id", "customer_group_id", "number_key", "id"),
    *(
        Index(f"customers_of_group_by_{order}", "company_id", "customer_group_id", column, "id")
        for order, column in _ORDERS.items()
    ),
    # A page with a filter is then as fast as any other page, however many customers have the value.
    Index("customers_by_activity", "company_id", "is_active", "number_key", "id"),
    Index("customers_by_type", "company_id", "customer_type", "number_key", "id"),
    Index("customers_by_country", "company_id", "country_code", "number_key", "id"),
    Index("customers_by_currency", "company_id", "default_currency", "number_key", "id"),
    Index("customers_by_vat_zone", "company_id", "vat_zone", "number_key", "id"),
    Index("customers_by_billing_relationship", "company_id", "billing_relationship", "number_key", "id"),
    Index("customers_by_consolidation_mode", "company_id", "consolidation_mode", "number_key", "id"),
    Index("customers_by_email", "company_id", "email_form", "number_key", "id"),
    Index("customers_by_vat_number", "company_id", "vat_number_form", "number_key", "id"),
    Index("customers_by_postal_code", "company_id", "postal_code_form", "number_key", "id"),
    Index("customers_by_city", "company_id", "city_form", "number_key", "id"),
    Index("customers_by_name_prefix", "company_id", "name_prefix"),
    # A column that is null in most rows of one company can be set in most rows of another.
    Index(
        "customers_with_parent",
        "company_id",
        "number_key",
        "id",
        postgresql_where=text("parent_customer_id IS NOT NULL"),
    ),
    Index(
        "customers_without_external_system_id",
        "company_id",
        "number_key",
        "id",
        postgresql_where=text("external_system_id IS NULL"),
    ),
)

# Side tables, maintained by triggers. The first two replace `jsonb @>` and full-text search, which can't use an index
# under row-level security. All are ordered by customer number.
customer_metadata = Table(
    "customer_metadata",
    metadata,
    uuid("company_id"),
    Column("pair", LargeBinary, nullable=False),
    Column("number_key", Text(collation=CODE_POINTS), nullable=False),
    uuid("customer_id"),
    PrimaryKeyConstraint("company_id", "pair", "number_key", "customer_id"),
    # Includes number_key, so that the planner knows that an entry has one customer, and reads both tables in the same
    # order. A page of customers with a common pair is then as fast as any other page.
    ForeignKeyConstraint(
        ["company_id", "number_key", "customer_id"],
        ["customers.company_id", "customers.number_key", "customers.id"],
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    Index("customer_metadata_of_customer", "company_id", "customer_id"),
)

customer_words = Table(
    "customer_words",
    metadata,
    uuid("company_id"),
    Column("word", Text(collation=CODE_POINTS), nullable=False),
    Column("number_key", Text(collation=CODE_POINTS), nullable=False),
    uuid("customer_id"),
    PrimaryKeyConstraint("company_id", "word", "number_key", "customer_id"),
    belongs_to("customers", "customer_id", deletes=True),
    Index("customer_words_of_customer", "company_id", "customer_id", "word"),
)

customer_group_metadata = Table(
    "customer_group_metadata",
    metadata,
    uuid("company_id"),
    Column("pair", LargeBinary, nullable=False),
    uuid("customer_group_id"),
    PrimaryKeyConstraint("company_id", "pair", "customer_group_id"),
    belongs_to("customer_groups", "customer_group_id", deletes=True),
    Index("customer_group_metadata_of_group", "company_id", "customer_group_id"),
)

contacts = Table(
    "contacts",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("customer_id"),
    string("name", nullable=False),
    flag("is_default_for_customer", default=False),
    string("email"),
    string("phone"),
    version(),
    moment("created_at"),
    moment("updated_at"),
    name_key(),
    compared("email"),
    after_default("is_default_for_customer"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customers", "customer_id"),
    *at_most(255, "name", "email", "phone"),
    Index(
        "contacts_one_default_per_customer",
        "company_id",
        "customer_id",
        unique=True,
        postgresql_where=text("is_default_for_customer"),
    ),
    Index("contacts_of_customer", "company_id", "customer_id", "is_not_default", "name_key", "id"),
    Index("contacts_by_email", "company_id", "email_form", "customer_id"),
)

departments = Table(
    "departments",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("customer_id"),
    string("name", nullable=False),
    flag("is_default", default=False),
    flag("is_active", default=True),
    string("po_number"),
    string("ean_number"),
    string("address"),
    string("city"),
    string("postal_code"),
    string("country_code"),
    version(),
    moment("created_at"),
    moment("updated_at"),
    name_key(),
    after_default("is_default"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customers", "customer_id"),
    *at_most(255, "name", "po_number", "address", "city", "postal_code"),
    CheckConstraint("ean_is_valid(ean_number)", name="ean_number"),
    CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
    Index(
        "departments_one_default_per_customer",
        "company_id",
        "customer_id",
        unique=True,
        postgresql_where=text("is_default"),
    ),
    Index("departments_of_customer", "company_id", "customer_id", "is_not_default", "name_key", "id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("customer_id"),
    # How the billing system finds it.
    string("external_system_id"),
    string("name", nullable=False),
    string("status", nullable=False),
    Column("billing_direction", Text, nullable=False, server_default=BillingDirection.ADVANCE),
    string("currency", nullable=False),
    money("net_amount"),
    Column("interval_months", SmallInteger, nullable=False, server_default=text("1")),
    # Day of the month on which periods begin; in a shorter month, its last day.
    Column("anchor_day", SmallInteger, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("trial_ends_on", Date),
    Column("current_period_start", Date, nullable=False),
    Column("current_period_end", Date, nullable=False),
    Column("next_billing_date", Date),
    version(),
    # The version that the last transition or new billing day gave it, the transition, and the day on which the billing
    # system showed that it knows of that.
    Column("moved_version", Integer),
    uuid("moved_by", nullable=True),
    Column("moved_known_on", Date),
    moment("created_at"),
    moment("updated_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customers", "customer_id"),
    belongs_to("billing_transitions", "moved_by"),
    *at_most(255, "name", "external_system_id"),
    one_of("status", SubscriptionStatus),
    one_of("billing_direction", BillingDirection),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("net_amount >= 0", name="net_amount"),
    CheckConstraint("interval_months BETWEEN 1 AND 120", name="interval_months"),
    CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day"),
    CheckConstraint("current_period_start < current_period_end", name="current_period"),
    # Of what the billing system sends: other rows may come from before it did.
    CheckConstraint(
        "external_system_id IS NULL OR ends_on IS NOT NULL"
        " OR status NOT IN ('PENDING_CANCELLATION', 'CANCELLED', 'EXPIRED')",
        name="ends_on_required",
    ),
    CheckConstraint(
        "external_system_id IS NULL OR trial_ends_on IS NOT NULL OR status <> 'TRIAL'", name="trial_ends_on_required"
    ),
    CheckConstraint(
        "external_system_id IS NULL"
        " OR (started_on <= current_period_start AND (ends_on >= started_on) IS NOT FALSE"
        " AND (trial_ends_on >= started_on) IS NOT FALSE)",
        name="started_on",
    ),
    CheckConstraint(
        "external_system_id IS NULL OR next_billing_date IS NULL OR status NOT IN ('CANCELLED', 'EXPIRED')",
        name="next_billing_date",
    ),
    CheckConstraint(
        "external_system_id IS NULL OR status <> 'SCHEDULED' OR current_period_start = started_on",
        name="scheduled_start",
    ),
    CheckConstraint(
        "external_system_id IS NULL OR status <> 'TRIAL' OR current_period_end = LEAST(trial_ends_on, ends_on)",
        name="trial_end",
    ),
    CheckConstraint(
        "external_system_id IS NULL OR status NOT IN ('ACTIVE', 'PENDING_CANCELLATION')"
        " OR (current_period_start >= trial_ends_on) IS NOT FALSE",
        name="after_trial",
    ),
    CheckConstraint("moved_by IS NULL OR moved_version IS NOT NULL", name="moved_by"),
    CheckConstraint("moved_version <= version", name="moved_version"),
    CheckConstraint("moved_known_on IS NULL OR moved_version IS NOT NULL", name="moved_known_on"),
    finite(
        *("started_on", "ends_on", "trial_ends_on", "current_period_start", "current_period_end", "next_billing_date"),
        "moved_known_on",
    ),
    Index(
        "subscriptions_external_system_id_key",
        "company_id",
        "external_system_id",
        unique=True,
        postgresql_where=text("external_system_id IS NOT NULL"),
    ),
    Index("subscriptions_of_customer", "company_id", "customer_id", "started_on", "id"),
    Index("subscriptions_of_customer_by_status", "company_id", "customer_id", "status", "started_on", "id"),
    Index("subscriptions_by_status", "company_id", "status", "customer_id"),
)

billing_transitions = Table(
    "billing_transitions",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("customer_id"),
    Column("effective_on", Date, nullable=False),
    jsonb("arrangement_before"),
    jsonb("arrangement_after"),
    string("actor", nullable=False),
    moment("created_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customers", "customer_id"),
    finite("effective_on"),
    Index("billing_transitions_of_customer", "company_id", "customer_id", "effective_on", "id"),
)

# Periods of subscriptions: a row per period or stub; a cut closes it.
subscription_periods = Table(
    "subscription_periods",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("subscription_id"),
    Column("sequence", Integer, nullable=False),
    uuid("payer_customer_id"),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    money("net_amount"),
    money("billed_amount"),
    money("credited_amount"),
    # The day of the billing system's invoice. A transition dates its billing documents itself.
    Column("billed_on", Date),
    Column("cut_on", Date),
    uuid("transition_id", nullable=True),
    moment("created_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("subscriptions", "subscription_id"),
    belongs_to("customers", "payer_customer_id"),
    belongs_to("billing_transitions", "transition_id"),
    UniqueConstraint("company_id", "subscription_id", "sequence"),
    Index("subscription_periods_of_transition", "company_id", "transition_id", "id"),
    CheckConstraint("starts_on < ends_on", name="span"),
    CheckConstraint("cut_on BETWEEN starts_on AND ends_on", name="cut_on"),
    finite("starts_on", "ends_on", "billed_on"),
    CheckConstraint("credited_amount BETWEEN 0 AND billed_amount", name="credited_amount"),
)

billing_documents = Table(
    "billing_documents",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("kind", nullable=False),
    uuid("customer_id"),
    uuid("payer_customer_id"),
    uuid("transition_id", nullable=True),
    string("currency", nullable=False),
    money("total"),
    Column("issued_on", Date, nullable=False),
    moment("created_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("customers", "customer_id"),
    belongs_to("customers", "payer_customer_id"),
    belongs_to("billing_transitions", "transition_id"),
    one_of("kind", ("CREDIT_NOTE", "INVOICE")),
    finite("issued_on"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    Index("billing_documents_of_customer", "company_id", "customer_id", "issued_on", "id"),
    Index("billing_documents_of_payer", "company_id", "payer_customer_id", "issued_on", "id"),
    Index("billing_documents_of_transition", "company_id", "transition_id", "id"),
)

billing_document_lines = Table(
    "billing_document_lines",
    metadata,
    uuid("company_id"),
    uuid("document_id"),
    Column("line_number", Integer, nullable=False),
    uuid("subscription_id"),
    string("description", nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("days", Integer, nullable=False),
    money("amount"),
    PrimaryKeyConstraint("company_id", "document_id", "line_number"),
    of_company(),
    belongs_to("billing_documents", "document_id"),
    belongs_to("subscriptions", "subscription_id"),
    CheckConstraint("starts_on < ends_on AND days = ends_on - starts_on", name="days"),
    finite("starts_on", "ends_on"),
)

# One history for all kinds of objects. It outlives deleted objects, so no foreign key refers to them.
history = Table(
    "history",
    metadata,
    uuid("company_id"),
    uuid("subject_id"),
    Column("version", Integer, nullable=False),
    string("operation", nullable=False),
    string("actor", nullable=False),
    jsonb("changes"),
    moment("occurred_at"),
    PrimaryKeyConstraint("company_id", "subject_id", "version"),
    of_company(),
    one_of("operation", ChangeOperation),
)

outbox_events = Table(
    "outbox_events",
    metadata,
    uuid("company_id"),
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    uuid("id"),
    string("type", nullable=False),
    uuid("subject_id"),
    string("actor", nullable=False),
    jsonb("data"),
    moment("occurred_at"),
    # In the feed of the company: 1, 2, 3 …, from the sequencer. Null until then.
    Column("position", BigInteger),
    # The customer that the event is about, or whose contact, department or subscription it is about.
    Column(
        "customer_id",
        Uuid,
        Computed(
            "CASE WHEN starts_with(type, 'customer.') THEN subject_id ELSE (data ->> 'customerId')::uuid END",
            persisted=True,
        ),
    ),
    PrimaryKeyConstraint("company_id", "sequence"),
    of_company(),
    UniqueConstraint("company_id", "id"),
    Index(
        "outbox_events_by_position",
        "company_id",
        "position",
        unique=True,
        postgresql_where=text("position IS NOT NULL"),
    ),
    # Of all companies, because the sequencer works for all.
    Index("outbox_events_unstamped", "sequence", postgresql_where=text("position IS NULL")),
)

# Where the feed of each company stands; the functions of the sequencer and of the clean-up write it.
feed_heads = Table(
    "feed_heads",
    metadata,
    uuid("company_id"),
    Column("position", BigInteger, nullable=False),
    # The highest position that was deleted.
    Column("expired_position", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("company_id"),
    of_company(),
    CheckConstraint("expired_position BETWEEN 0 AND position", name="expired_position"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    uuid("company_id"),
    string("key", nullable=False),
    string("mutation", nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    jsonb("payload"),
    moment("created_at"),
    moment("expires_at", now=False),
    PrimaryKeyConstraint("company_id", "key"),
    of_company(),
    *at_most(255, "key"),
    Index("idempotency_keys_by_expiry", "company_id", "expires_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("name", nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("revoked_at", nullable=True),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    UniqueConstraint("key_hash"),
    *at_most(255, "name"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    uuid("company_id"),
    uuid("id"),
    string("url", nullable=False),
    # Types of the events that are sent; none for all.
    Column("types", ARRAY(Text), nullable=False),
    string("document"),
    # What its events may show.
    Column("scopes", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False, server_default=WebhookStatus.ACTIVE),
    string("paused_reason"),
    moment("paused_at", nullable=True),
    # The events up to this position of the feed are handled.
    Column("position", BigInteger, nullable=False),
    # The first and the last position of the events that had expired before they could be sent.
    Column("lost_from", BigInteger),
    Column("lost_to", BigInteger),
    string("secret", nullable=False),
    string("previous_secret"),
    moment("previous_secret_until", nullable=True),
    moment("test_requested_at", nullable=True),
    # Failed attempts to send the next event.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    moment("failing_since", nullable=True),
    moment("next_attempt_at", nullable=True),
    uuid("leased_by", nullable=True),
    moment("leased_until", nullable=True),
    version(),
    moment("created_at"),
    moment("updated_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    *at_most(MOST_URL_CHARACTERS, "url"),
    *at_most(MOST_DOCUMENT_CHARACTERS, "document"),
    one_of("status", WebhookStatus),
    one_of("paused_reason", PauseReason),
    CheckConstraint(
        "(status = 'PAUSED') = (paused_reason IS NOT NULL) AND (status = 'PAUSED') = (paused_at IS NOT NULL)",
        name="state",
    ),
    CheckConstraint(
        "(lost_from IS NULL) = (lost_to IS NULL) AND (lost_from <= lost_to) IS NOT FALSE",
        name="lost",
    ),
    CheckConstraint("(previous_secret IS NULL) = (previous_secret_until IS NULL)", name="previous_secret"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    uuid("company_id"),
    uuid("id"),
    uuid("endpoint_id"),
    # Events expire, so no foreign key refers to them. That of a test has no position.
    uuid("event_id"),
    string("event_type", nullable=False),
    Column("position", BigInteger),
    Column("attempt", Integer, nullable=False),
    string("outcome", nullable=False),
    Column("http_status", Integer),
    string("error"),
    Column("latency_ms", Integer, nullable=False),
    string("response"),
    moment("attempted_at"),
    PrimaryKeyConstraint("company_id", "id"),
    of_company(),
    belongs_to("webhook_endpoints", "endpoint_id", deletes=True),
    one_of("outcome", ("DELIVERED", "FAILED")),
    CheckConstraint("(outcome = 'FAILED') = (error IS NOT NULL)", name="error"),
    Index("webhook_deliveries_of_endpoint", "company_id", "endpoint_id", "id"),
    # For clean-up, which works across companies.
    Index("webhook_deliveries_by_age", "attempted_at"),
)
