"""The environment of a service under pressure, and a small query."""

from app.web.development import DevelopmentKeys
from tests.support.started import settings_of

FILES = "1024"


SMALL = {"query": "{customerGroupsConnection(first: 1) {totalCount}}"}
"""Always fresh: the first page of customers may come from a cache."""


def settings_for(service_dsn: str, keys: DevelopmentKeys, **more: str) -> dict[str, str]:
    """The environment of `serve`."""
    return {name.upper(): str(value) for name, value in settings_of(service_dsn, keys, **more).items()}
