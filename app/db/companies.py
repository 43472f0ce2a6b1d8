"""Reading the company itself."""

from app.db import graph
from app.db.database import ReadSession
from app.db.rows import CompanyRow


async def current(session: ReadSession) -> CompanyRow | None:
    """The company of the session, or None if a credential names one that does not exist."""
    rows = await session.rows(graph.company.select(), {})
    return CompanyRow._make(rows[0]) if rows else None
