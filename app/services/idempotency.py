"""Idempotency keys: repeating a command under the same key returns the stored outcome."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from app.db import idempotency
from app.db.unit_of_work import Session, UnitOfWork, WriteSession
from app.domain.errors import ErrorCode, Problem, Rejected
from app.domain.fields import key_text
from app.domain.texts import stored_form
from app.scheduling.pauses import run_aside
from app.services.commands import Repeatable
from app.services.fingerprints import UnknownFingerprint, fingerprint, fits, mutation_of
from app.services.stored_outcomes import UnreadableOutcome, decode, encode

OutcomeT = TypeVar("OutcomeT")
ComputedT = TypeVar("ComputedT")
_PATH = ("idempotency_key",)
_OTHER_INPUT = "was already used with another request; choose a new key."
_read_key = key_text()


async def once(
    unit_of_work: UnitOfWork,
    key: str | None,
    command: Repeatable,
    outcome: type[OutcomeT],
    work: Callable[[WriteSession], Awaitable[OutcomeT]],
    malformed: Sequence[Problem] = (),
) -> tuple[OutcomeT, bool]:
    """Run the work in a unit of work, or replay the outcome stored under the key. Return whether it was replayed too.

    The outcome is committed with the data, so a rejection or a lost connection leaves the key unused. A concurrent
    duplicate waits for the first. Commands are equal if their canonical forms are equal.

    For a malformed input the work only finds the other problems: it must raise Rejected, and the key stays unused. A
    malformed or used key is rejected together with what is malformed.
    """
    if problems := key_problems(key):
        raise Rejected([*malformed, *problems])
    if key is None:
        return await unit_of_work.run(work), False
    key = stored_form(key)

    async def work_once(session: WriteSession) -> tuple[OutcomeT, bool]:
        if malformed:
            await find_replay(session, key, command, outcome, malformed)
            return await work(session), False
        compute = run_aside if command.is_long else _at_once
        earlier = await idempotency.claim(session, key, mutation_of(command), await compute(fingerprint, command))
        if earlier is not None:
            return await compute(_replay, earlier, command, outcome), True
        result = await work(session)
        await idempotency.remember(session, key, await compute(encode, result))
        return result, False

    return await unit_of_work.run(work_once)


async def _at_once(work: Callable[..., ComputedT], *arguments: Any) -> ComputedT:
    return work(*arguments)


async def find_replay(
    session: Session, key: str | None, command: Repeatable, outcome: type[OutcomeT], malformed: Sequence[Problem] = ()
) -> OutcomeT | None:
    """Return the outcome that `once` would replay, or None if it would run the work. Raise Rejected as `once` does."""
    earlier = None if key is None else await idempotency.find(session, stored_form(key))
    if earlier is not None and malformed:
        # No malformed input was ever accepted, so the key is that of another one.
        raise Rejected([*malformed, _used(_OTHER_INPUT)])
    return None if earlier is None else _replay(earlier, command, outcome)


def key_problems(key: str | None) -> list[Problem]:
    """Return the problems of a malformed key."""
    if key is None:
        return []
    found = _read_key(key, _PATH)
    if isinstance(found, Problem):
        return [found]
    return [] if found else [Problem(ErrorCode.FIELD_INVALID, _PATH, "must not be blank.")]


def _replay(earlier: idempotency.Claimed, command: Repeatable, outcome: type[OutcomeT]) -> OutcomeT:
    message = _OTHER_INPUT
    try:
        if fits(earlier.fingerprint, command):
            return decode(outcome, earlier.payload)
    except (UnknownFingerprint, UnreadableOutcome):
        # Running the work would write a second time.
        message = (
            "was already used, and another release of the service stored the outcome: read what was written, or choose"
            " a new key."
        )
    raise Rejected([_used(message)])


def _used(message: str) -> Problem:
    return Problem(ErrorCode.IDEMPOTENCY_KEY_REUSED, _PATH, message)
