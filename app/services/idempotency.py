"""Doing a thing once per key: the same key with the same command gives the same outcome again."""

from collections.abc import Awaitable, Callable, Container, Generator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import TypeAdapter

from app.db import idempotency
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import ErrorCode, Fault, LimitFault, Refused
from app.domain.texts import stored_form

OutcomeT = TypeVar("OutcomeT")
_PATH = ("input", "idempotencyKey")
_MAX_CHARACTERS = 255


async def once(
    unit_of_work: UnitOfWork,
    key: str | None,
    command: object,
    outcome: type[OutcomeT],
    work: Callable[[WriteSession], Awaitable[OutcomeT]],
    *,
    as_sent: object = None,
) -> tuple[OutcomeT, bool]:
    """Run the work in a unit of work, or answer what it gave before under the same key; says whether it was replayed.

    The outcome is committed with the data, so a refusal or a lost connection leaves the key unused. A concurrent duplicate
    waits for the first. `command` must be a value whose repr says all about it, in an order that means nothing brought into
    one. `as_sent` is the command before that, which is how a key of the previous release may have been stored.
    """
    if key is None:
        return await unit_of_work.run(work), False
    if faults := key_faults(key):
        raise Refused(faults)
    fingerprint = _fingerprint(command)
    same = {fingerprint} if as_sent is None else {fingerprint, _fingerprint(as_sent)}
    codec: TypeAdapter[OutcomeT] = TypeAdapter(outcome)

    async def work_once(session: WriteSession) -> tuple[OutcomeT, bool]:
        earlier = await idempotency.claim(session, key, type(command).__name__, fingerprint)
        if earlier is not None:
            return _replay(earlier, same, codec), True
        result = await work(session)
        await idempotency.remember(session, key, codec.dump_python(result, mode="json"))
        return result, False

    return await unit_of_work.run(work_once)


def key_faults(key: str | None) -> list[Fault]:
    """What is wrong with a key's form."""
    if key is None:
        return []
    if not stored_form(key) or "\0" in key:
        return [Fault(ErrorCode.FIELD_INVALID, _PATH, "must say something and not contain U+0000.")]
    if len(key) > _MAX_CHARACTERS:
        message = f"has {len(key)} characters; at most {_MAX_CHARACTERS} are allowed."
        return [LimitFault(ErrorCode.FIELD_TOO_LONG, _PATH, message, _MAX_CHARACTERS, len(key))]
    return []


@contextmanager
def beside_key_faults(key: str | None) -> Generator[None]:
    """Refuse a malformed key together with the fields that are read inside."""
    faults = key_faults(key)
    try:
        yield
    except Refused as refused:
        raise Refused((*refused.faults, *faults), refused.current) from None
    if faults:
        raise Refused(faults)


def _fingerprint(command: object) -> bytes:
    return sha256(f"{type(command).__name__}\0{command!r}".encode()).digest()


def _replay(earlier: idempotency.Claimed, same: Container[bytes], codec: TypeAdapter[Any]) -> Any:
    if earlier.fingerprint not in same:
        message = "was used with another input; choose a new key."
        raise Refused([Fault(ErrorCode.IDEMPOTENCY_KEY_REUSED, _PATH, message)])
    return codec.validate_python(earlier.payload)
