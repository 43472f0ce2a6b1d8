"""A service in which nothing happens, for metrics without an application."""

from collections.abc import Mapping
from types import MappingProxyType

from app.db.feed_work import Unstamped
from app.scheduling.turns import PoolUsage
from app.web.connections import ConnectionUsage
from app.web.live_metrics import LiveUsage
from app.web.metrics import CacheUsage
from app.web.webhook_metrics import WebhookUsage


class Idle:
    """Has no pools and no caches."""

    def pools(self) -> Mapping[str, PoolUsage]:
        """None."""
        return {}

    def caches(self) -> Mapping[str, CacheUsage]:
        """None."""
        return {}

    def connections(self) -> ConnectionUsage:
        """None."""
        return ConnectionUsage()

    def dropped_log_lines(self) -> int:
        """None."""
        return 0

    def unstamped(self) -> Unstamped:
        """None."""
        return Unstamped(0, 0.0)

    def followed_companies(self) -> int:
        """None."""
        return 0

    def live(self) -> LiveUsage:
        """None."""
        return NothingLive()

    def webhooks(self) -> WebhookUsage:
        """None."""
        return NoWebhooks()


class NothingLive:
    """Has no streams."""

    streams = groups = responses = 0
    ended: Mapping[str, int] = MappingProxyType({})


class NoWebhooks:
    """Has no deliveries."""

    counts: Mapping[str, int] = MappingProxyType({})
    sending = 0
