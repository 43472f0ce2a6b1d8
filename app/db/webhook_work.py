"""Work on the webhook endpoints of all companies, by functions that run as the owner: leases and clean-up."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.db.feed_work import FeedWork
from app.db.identifiers import new_id

_CLAIM = "SELECT company_id, id FROM claim_webhook_endpoints($1::uuid, $2::integer, $3::integer, $4::uuid[])"
_EXPIRE = "SELECT expire_webhook_deliveries($1::timestamptz, $2::integer)"


class Claimed(NamedTuple):
    """An endpoint that is leased."""

    company_id: UUID
    endpoint_id: UUID
    holder: UUID
    """The holder of the lease. Each claim has another one, so that a lease that has expired is never taken for a later
    one of the same process."""


async def claim_endpoints(
    work: FeedWork, free: int, lease_seconds: float, *, busy: Sequence[UUID] = ()
) -> list[Claimed]:
    """Lease endpoints that have something to send, at most `free`, fairly between companies.

    `busy`: the companies of the endpoints that this sender holds, each as often as it has one. A company gets another
    one only while more places are free than it has.
    """
    holder = new_id()
    rows = await work.rows(_CLAIM, holder, free, math.ceil(lease_seconds), [*busy])
    return [Claimed(row[0], row[1], holder) for row in rows]


async def expire_deliveries(work: FeedWork, before: datetime, most: int) -> int:
    """Delete deliveries from before a time, at most `most`; return their number."""
    return int((await work.rows(_EXPIRE, before, most))[0][0])
