"""Health checks: /livez for the process; /readyz for the database: whether it is reachable, migrated and writable."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.db.database import Database
from app.db.revisions import current_revision, head_revision
from app.unavailable import Cause, DatabaseUnavailable
from app.web.causes import log_cause
from app.web.envelope import request_id_of

_DISK_FULL = "The disk of the database's server is full."
_DEGRADED = {
    Cause.DISK_FULL: f"{_DISK_FULL} Reads are answered; writes fail until there is space.",
    Cause.READ_ONLY: "The database is read-only, as after a failover to a standby. Reads are answered.",
}
_MIGRATE = "run `customer-gateway migrate` as the tables' owner"


async def livez(_request: Request) -> Response:
    """Answer 200."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """The readiness check for load balancers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._needed = head_revision()
        self._asking: asyncio.Task[str | None] | None = None

    async def readyz(self, request: Request) -> Response:
        """Answer 200, or 503 with the reason.

        The status is also 200 if only writes fail: all processes share the database, so no other could answer the
        reads.
        """
        try:
            found = await self._revision()
        except DatabaseUnavailable as error:
            log_cause(error, request_id_of(request.scope), status=503)
            return _not_ready(_DISK_FULL if error.cause is Cause.DISK_FULL else str(error), error.cause)
        if found is None:
            return _not_ready(f"The database is not migrated: {_MIGRATE}.")
        if found != self._needed:
            return _not_ready(
                f"The database is at revision {found}, and this version needs {self._needed}: {_MIGRATE}."
            )
        failing = self._database.write_health.failing()
        if failing is not None:
            return JSONResponse({"status": "degraded", "reason": _DEGRADED[failing], "cause": failing})
        return JSONResponse({"status": "ok"})

    async def _revision(self) -> str | None:
        """Return the database's revision. Concurrent requests share one look-up and one connection."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._database.probe.ask(current_revision))
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    def _asked(self, task: asyncio.Task[str | None]) -> None:
        self._asking = None
        if not task.cancelled():
            # All requests may have been canceled, and asyncio logs an exception that is never retrieved.
            task.exception()


def _not_ready(reason: str, cause: Cause | None = None) -> Response:
    told = {"status": "unavailable", "reason": reason} | ({} if cause is None else {"cause": cause})
    return JSONResponse(told, status_code=503)
