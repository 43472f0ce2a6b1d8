"""The log line of `serve` at its start."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app import __version__
from app.db.driver_errors import translate_failures
from app.settings import Settings


async def tls_of(engine: AsyncEngine) -> str | None:
    """Return the TLS version of the service's connections, such as TLSv1.3; None if they are not encrypted."""
    with translate_failures():
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            # Behind a pooler, PostgreSQL's pg_stat_ssl describes the pooler's connection.
            secured = driver._transport.get_extra_info("ssl_object")  # noqa: SLF001 - asyncpg has no public attribute for it
            return None if secured is None else secured.version()


def startup_fields(
    settings: Settings, *, host: str, port: int, workers: int, connections: int, tls: str | None
) -> dict[str, object]:
    """Return the line's fields, which must not contain URLs or secrets."""
    return {
        "version": __version__,
        "host": host,
        "port": port,
        "workers": workers,
        "max_connections": connections,
        "credentials": _credentials(settings),
        "database_tls": tls,
        "plans": settings.query_plans,
        "whole_requests": settings.http_whole_requests,
        "trusted_only": settings.trusted_only,
        "explorer": settings.explorer,
        "rest": settings.rest,
        "metrics": settings.metrics,
        "changed_limits": changed_limits(settings),
    }


def changed_limits(settings: Settings) -> dict[str, float]:
    """Return the sizes, limits and durations that differ from their defaults."""
    fields = Settings.model_fields.items()
    limits = {name: field.default for name, field in fields if type(field.default) in {int, float} and name != "port"}
    values: dict[str, float] = {name: getattr(settings, name) for name in limits}
    return {name: value for name, value in values.items() if value != limits[name]}


def _credentials(settings: Settings) -> list[str]:
    tokens = {"tokens by JWKS": settings.jwt_jwks_url, "tokens by key file": settings.jwt_public_key_file}
    return [*(name for name, source in tokens.items() if source is not None), "API keys"]
