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
    "CREATE INDEX subscriptions_by_status ON subscriptions (company_id, status, customer_id)",
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


def upgrade() -> None:
    """Add the forms in which texts are compared, and the indexes."""
    run_script(op.get_bind(), ";".join((_COLUMNS.rstrip().rstrip(";"), *_INDEXES)))


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revisions."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
