"""Don't split words at zero-width spaces, so that texts that look the same are found by the same search."""

from alembic import context, op

from app.db.alphabet.established import run_script
from app.db.comparison import comparison_functions

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SEARCHED = "concat_ws(' ', customer_number, name, email, vat_number, external_system_id)"
# If this release also ran the previous revision, the words already come from the new function.
_PARTED = f"""strpos({_SEARCHED}, U&'\\200B') > 0 AND
    ARRAY(SELECT word FROM search_words({_SEARCHED}) AS word ORDER BY word COLLATE "C") <>
    ARRAY(
        SELECT word::text FROM customer_words AS entry
        WHERE entry.company_id = customers.company_id AND entry.customer_id = customers.id
        ORDER BY word COLLATE "C"
    )"""  # noqa: S608 - texts of this module
_FOUND = f"SELECT company_id, id FROM customers WHERE {_PARTED}"  # noqa: S608 - as above
_IDS = "(SELECT unnest($1::uuid[]) AS company_id, unnest($2::uuid[]) AS id)"
_DELETE = f"""DELETE FROM customer_words AS entry USING {_IDS} AS parted
WHERE entry.company_id = parted.company_id AND entry.customer_id = parted.id"""  # noqa: S608 - as above
_INSERT = f"""INSERT INTO customer_words (company_id, word, number_key, customer_id)
SELECT company_id, word, number_key, id
FROM customers JOIN {_IDS} AS parted USING (company_id, id) CROSS JOIN LATERAL search_words({_SEARCHED}) AS word
"""  # noqa: S608 - as above


def upgrade() -> None:
    """Replace the functions, and rebuild the words of customers whose texts contain a zero-width space."""
    connection = op.get_bind()
    notes: list[str] = context.config.attributes["notes"]
    run_script(connection, comparison_functions())
    found = connection.exec_driver_sql(_FOUND).all()
    if found:
        ids = tuple([str(id_) for id_ in column] for column in zip(*found, strict=True))
        connection.exec_driver_sql(_DELETE, ids)
        connection.exec_driver_sql(_INSERT, ids)
        customers = f"{len(found)} customer{'s' if len(found) > 1 else ''}"
        notes.append(f"Rebuilt the words of {customers}: their texts hold a zero-width space (U+200B).")


def downgrade() -> None:
    """Raise NotImplementedError, as the previous revision."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
