"""Create the tables, functions, triggers, policies and grants."""

import re
from pathlib import Path

from alembic import context, op

from app.db.alphabet.established import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCRIPTS = Path(__file__).parent / "initial"
_ROLE = """
DO $$
BEGIN
    CREATE ROLE customer_gateway_service NOLOGIN;
EXCEPTION
    -- Roles belong to the cluster: another database of it may have made this one, even at this very moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$
"""
_ALPHABET = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i' AND collname = 'en-x-icu') THEN
        CREATE COLLATION alphabet (provider = icu, locale = '{locale}');
    ELSIF current_setting('server_version_num')::int >= 170000 THEN
        -- A server without ICU compares keys of names (revision 0003), and still folds the case of every letter.
        EXECUTE 'CREATE COLLATION alphabet (provider = builtin, locale = ''C.UTF-8'')';
    ELSE
        CREATE COLLATION alphabet FROM "C";
    END IF;
END
$$
"""


def upgrade() -> None:
    """Create everything in an empty database."""
    locale = context.config.attributes["alphabet"]
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", locale):
        msg = f"The alphabet must be an ICU locale such as da or sv-SE, not {locale!r}."
        raise ValueError(msg)
    op.execute(_ROLE)
    op.execute(_ALPHABET.format(locale=locale))
    for script in ("functions", "tables", "triggers", "access"):
        run_script(op.get_bind(), (_SCRIPTS / f"{script}.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Raise NotImplementedError: before this revision, the database was empty."""
    msg = "drop the database instead"
    raise NotImplementedError(msg)
