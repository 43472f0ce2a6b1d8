"""Work on the webhook endpoints of all companies, by functions that run as the owner: leases and clean-up."""

import math
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import DateTime, Integer, Uuid, bindparam, text

from app.db.feed_work import FeedWork

_CLAIM = text("SELECT company_id, id FROM claim_webhook_endpoints(:holder, :most, :lease_seconds)").bindparams(
    bindparam("holder", type_=Uuid()), bindparam("most", type_=Integer()), bindparam("lease_seconds", type_=Integer())
)
_EXPIRE = text("SELECT expire_webhook_deliveries(:before, :most)").bindparams(
    bindparam("before", type_=DateTime(timezone=True)), bindparam("most", type_=Integer())
)


class Claimed(NamedTuple):
    """An endpoint that a sender has leased."""

    company_id: UUID
    endpoint_id: UUID


async def claim_endpoints(work: FeedWork, holder: UUID, most: int, lease_seconds: float) -> list[Claimed]:
    """Lease endpoints that have something to send, at most `most`, those first that were served longest ago."""
    rows = await work.rows(_CLAIM, {"holder": holder, "most": most, "lease_seconds": math.ceil(lease_seconds)})
    return [Claimed(*row) for row in rows]


async def expire_deliveries(work: FeedWork, before: datetime, most: int) -> int:
    """Delete deliveries from before a time, at most `most`; return their number."""
    return int((await work.rows(_EXPIRE, {"before": before, "most": most}))[0][0])
