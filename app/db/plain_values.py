"""The border to the driver, where its values become plain ones."""

from typing import Any
from uuid import UUID, SafeUUID

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine


def give_plain_values(engine: AsyncEngine) -> AsyncEngine:
    """Have every new connection of an engine give plain values, whoever asks it; return the engine."""
    event.listen(engine.sync_engine, "connect", _make_plain)
    return engine


def _make_plain(connection: DBAPIConnection, _record: object) -> None:
    # On the connection rather than on SQLAlchemy's types: plans and raw SQL don't pass through those.
    connection.run_async(_set_codecs)


async def _set_codecs(driver: Any) -> None:
    # The driver's own subclass of UUID is unknown to whatever asks for the exact type, such as a JSON encoder.
    await driver.set_type_codec(
        "uuid", schema="pg_catalog", format="binary", encoder=_bytes_of_uuid, decoder=_uuid_of_bytes
    )


_make = UUID.__new__
_set_int: Any = UUID.int.__set__  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] - a slot, as the type stubs don't say
_set_is_safe: Any = UUID.is_safe.__set__  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] - the same
_UNKNOWN = SafeUUID.unknown


def _uuid_of_bytes(value: bytes) -> UUID:
    # What UUID(bytes=…) does, without its look at five other ways to say a UUID: a quarter of its time for every id read.
    uuid = _make(UUID)
    _set_int(uuid, int.from_bytes(value, "big"))
    _set_is_safe(uuid, _UNKNOWN)
    return uuid


def _bytes_of_uuid(value: UUID | str) -> bytes:
    return value.bytes if isinstance(value, UUID) else UUID(value).bytes
