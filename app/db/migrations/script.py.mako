"""${message}."""

from alembic import op

from app.db.alphabet.established import run_script

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None

_SCRIPT = """
${script}
"""


def upgrade() -> None:
    """${message}."""
    run_script(op.get_bind(), _SCRIPT)


def downgrade() -> None:
    """Raise: a release is taken back by restoring a backup."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
