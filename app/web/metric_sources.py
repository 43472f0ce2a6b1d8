"""Where an application's metrics come from."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.db.database import Database
from app.db.feed_work import Unstamped
from app.engine.execution import Engine
from app.graphql.planning.planner import Planner
from app.live.live import Live
from app.scheduling.turns import PoolUsage
from app.services.recent_lists import RecentLists
from app.web.authentication import Authenticator
from app.web.background import ServiceBackground
from app.web.connections import ConnectionUsage, usage
from app.web.live_metrics import LiveUsage
from app.web.logs import dropped_log_lines
from app.web.metrics import CacheUsage
from app.web.webhook_metrics import WebhookUsage
from app.webhooks.deliveries import Deliveries


@dataclass(frozen=True, slots=True)
class MetricSources:
    """The parts of an application that have figures."""

    database: Database
    engine: Engine
    planner: Planner
    authenticator: Authenticator
    recent: RecentLists
    rest_lists: RecentLists
    background: ServiceBackground
    subscriptions: Live
    deliveries: Deliveries

    def pools(self) -> Mapping[str, PoolUsage]:
        """Return the connection pools by name."""
        return self.database.pools()

    def caches(self) -> Mapping[str, CacheUsage]:
        """Return the caches by name."""
        own = {"plan_statements": self.planner.statements, "lists": self.recent, "rest_lists": self.rest_lists}
        return {**self.engine.caches, **own, **self.authenticator.caches}

    def dropped_log_lines(self) -> int:
        """Return the number of log lines that could not be written so far."""
        return dropped_log_lines()

    def connections(self) -> ConnectionUsage:
        """Return the figures about clients' connections."""
        return usage

    def unstamped(self) -> Unstamped:
        """Return how many committed events have no position yet."""
        return self.background.unstamped()

    def followed_companies(self) -> int:
        """Return the number of companies whose feeds are followed."""
        return self.background.heads.followed

    def live(self) -> LiveUsage:
        """Return the figures about live subscriptions."""
        return self.subscriptions

    def webhooks(self) -> WebhookUsage:
        """Return the figures about webhooks."""
        return self.deliveries
