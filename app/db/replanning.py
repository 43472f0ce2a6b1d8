"""Let PostgreSQL plan statements anew in a session that fills tables."""

from sqlalchemy import text

from app.db.unit_of_work import WriteSession

_DISCARD = text("DISCARD PLANS")


async def discard_plans(session: WriteSession) -> None:
    """Discard the session's plans, also those of foreign keys.

    A plan that was made while a table was almost empty may read all rows of the company, and PostgreSQL keeps it until
    the table is analyzed, up to a minute later. Meanwhile each row costs as much as all rows before it.
    """
    await session.rows(_DISCARD)
