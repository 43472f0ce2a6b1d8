"""Health: /livez says that the process answers, /readyz that the database does and is migrated."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.database import Database, DatabaseUnavailable
from app.db.migrate import current_revision, head_revision

_MIGRATE = "run `customer-gateway migrate` as the tables' owner"


async def livez(_request: Request) -> Response:
    """Answer as long as the process can."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """The endpoint that a load balancer asks before it sends traffic."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._needed = head_revision()

    async def readyz(self, _request: Request) -> Response:
        """Answer 200, or 503 with what is missing."""
        try:
            found = await current_revision(self._database.engine)
        except DatabaseUnavailable as error:
            return _not_ready(str(error))
        if found is None:
            return _not_ready(f"The database is not migrated: {_MIGRATE}.")
        if found != self._needed:
            return _not_ready(
                f"The database is at revision {found}, and this version needs {self._needed}: {_MIGRATE}."
            )
        return JSONResponse({"status": "ok"})


def _not_ready(reason: str) -> Response:
    return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
