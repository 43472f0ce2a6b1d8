"""Create, update and delete webhook endpoints, give them new secrets, test them and send events again.

Secrets are no part of outcomes, so that none is stored under an idempotency key: only the first answer shows one.
"""

import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from app.db import webhooks as stored
from app.db.feed import read_head
from app.db.identifiers import new_id
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.db.webhook_rows import WebhookEndpointRow
from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected
from app.domain.identity import Scope
from app.domain.inputs import find_changes, reject_if_any, version_problem
from app.domain.webhook_fields import EndpointChange, read_endpoint_change, read_new_endpoint
from app.domain.webhooks import MOST_ENDPOINTS, PauseReason, WebhookStatus
from app.services.idempotency import once
from app.services.webhook_commands import (
    CreateWebhookEndpointCommand,
    DeleteWebhookEndpointCommand,
    EndpointCommand,
    EndpointOutcome,
    EndpointResult,
    ReplayWebhookEndpointCommand,
    RotateWebhookSecretCommand,
    SecretResult,
    SendTestEventCommand,
    UpdateWebhookEndpointCommand,
)
from app.services.webhook_rules import Writer

_SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret of Standard Webhooks
_NOT_FOUND = Problem(
    ErrorCode.WEBHOOK_ENDPOINT_NOT_FOUND, ("id",), "must be the id of a webhook endpoint of the company."
)
_NO_CURSOR = Problem(
    ErrorCode.INVALID_CURSOR,
    ("after",),
    "must be a cursor of the company's feed, from `feedCursor`, an event, an endpoint or a delivery.",
)
_CURSOR_EXPIRED = Problem(
    ErrorCode.FEED_CURSOR_EXPIRED,
    ("after",),
    "is a cursor of events that are no longer kept, or that the feed doesn't have yet: use another one.",
)
_SENDS = frozenset({"url", "types", "document"})
"""What decides where which data are sent. A change of it gives the endpoint the scopes of the credential."""
_Write = Callable[[WriteSession, WebhookEndpointRow], Awaitable[WebhookEndpointRow]]


async def create_webhook_endpoint(
    unit_of_work: UnitOfWork, writer: Writer, command: CreateWebhookEndpointCommand, idempotency_key: str | None
) -> SecretResult:
    """Create an endpoint, which gets the events after this moment. Raise Rejected with all problems."""
    new, malformed = read_new_endpoint(command.given)
    judged, secret = await writer.problems(new), _new_secret()

    async def work(session: WriteSession) -> EndpointOutcome:
        await stored.lock_endpoints(session)
        reject_if_any([*malformed, *judged, *_excess(await stored.count_endpoints(session))])
        head = await read_head(session)
        values = {
            "id": new_id(),
            "url": new["url"],
            "types": new.get("types") or (),
            "document": new.get("document"),
            "scopes": tuple(sorted(writer.shown_scopes)),
            "position": head.position,
            "secret": secret,
        }
        return EndpointOutcome(await stored.add_endpoint(session, values))

    outcome, replayed = await once(unit_of_work, idempotency_key, command, EndpointOutcome, work, malformed)
    return SecretResult(outcome, replayed, None if replayed else secret)


async def update_webhook_endpoint(
    unit_of_work: UnitOfWork, writer: Writer, command: UpdateWebhookEndpointCommand, idempotency_key: str | None
) -> EndpointResult:
    """Update the fields that were sent. Write nothing if no value changes. Raise Rejected with all problems."""
    change, malformed = read_endpoint_change(command.given)
    judged = await writer.problems(change.values)

    async def work(session: WriteSession) -> EndpointOutcome:
        now, problems = await _lock(session, change, malformed)
        if now is None:
            raise Rejected([*problems, *judged])
        values = _changes(now, change.values)
        problems += [problem for problem in judged if problem.path[0] in values]
        now = _accepted(now, [*problems, *await _problems_of_kept(now, values, writer)])
        if not values:
            return EndpointOutcome(now, wrote=False)
        scopes = {} if _SENDS.isdisjoint(values) else {"scopes": tuple(sorted(writer.shown_scopes))}
        return EndpointOutcome(await stored.change_endpoint(session, now.id, values | scopes))

    return await once(unit_of_work, idempotency_key, command, EndpointOutcome, work, malformed)


async def delete_webhook_endpoint(
    unit_of_work: UnitOfWork, command: DeleteWebhookEndpointCommand, idempotency_key: str | None
) -> EndpointResult:
    """Delete an endpoint with its deliveries. Raise Rejected with all problems."""

    async def remove(session: WriteSession, now: WebhookEndpointRow) -> WebhookEndpointRow:
        await stored.remove_endpoint(session, now.id)
        return now

    return await _write(unit_of_work, command, idempotency_key, remove)


async def rotate_webhook_secret(
    unit_of_work: UnitOfWork, command: RotateWebhookSecretCommand, idempotency_key: str | None
) -> SecretResult:
    """Give an endpoint a new secret; the current one signs for a day as well. Raise Rejected with all problems."""
    secret = _new_secret()

    async def rotate(session: WriteSession, now: WebhookEndpointRow) -> WebhookEndpointRow:
        return await stored.rotate_secret(session, now.id, secret)

    outcome, replayed = await _write(unit_of_work, command, idempotency_key, rotate)
    return SecretResult(outcome, replayed, None if replayed else secret)


async def send_test_event(
    unit_of_work: UnitOfWork, command: SendTestEventCommand, idempotency_key: str | None
) -> EndpointResult:
    """Ask the sender for a test event, even to a paused endpoint. Raise Rejected with all problems."""

    async def request(session: WriteSession, now: WebhookEndpointRow) -> WebhookEndpointRow:
        return await stored.request_test(session, now.id)

    return await _write(unit_of_work, command, idempotency_key, request)


async def replay_webhook_endpoint(
    unit_of_work: UnitOfWork,
    command: ReplayWebhookEndpointCommand,
    idempotency_key: str | None,
    position_of: Callable[[str], int | None],
) -> EndpointResult:
    """Let an endpoint go on after a cursor of the feed. Raise Rejected with all problems.

    `position_of` returns the position of a cursor; None if it is not one of the company's feed.
    """
    after = read_endpoint_change(command.given)[0].values.get("after")
    position = position_of(after) if isinstance(after, str) else 0
    malformed = [_NO_CURSOR] if position is None else []

    async def rewind(session: WriteSession, now: WebhookEndpointRow) -> WebhookEndpointRow:
        head, begin = await read_head(session), position or 0
        reject_if_any([] if head.expired_position <= begin <= head.position else [_CURSOR_EXPIRED])
        return await stored.rewind(session, now.id, begin)

    return await _write(unit_of_work, command, idempotency_key, rewind, malformed)


async def _write(
    unit_of_work: UnitOfWork,
    command: EndpointCommand,
    idempotency_key: str | None,
    write: _Write,
    more_malformed: Sequence[Problem] = (),
) -> EndpointResult:
    """Run a write of a locked endpoint once."""
    change, malformed = read_endpoint_change(command.given)
    malformed += more_malformed

    async def work(session: WriteSession) -> EndpointOutcome:
        now = _accepted(*await _lock(session, change, malformed))
        return EndpointOutcome(await write(session, now))

    return await once(unit_of_work, idempotency_key, command, EndpointOutcome, work, malformed)


async def _lock(
    session: WriteSession, change: EndpointChange, malformed: Sequence[Problem]
) -> tuple[WebhookEndpointRow | None, list[Problem]]:
    """Lock the endpoint of a change; return it, and all problems so far."""
    if change.id is None:
        return None, [*malformed]
    now = await stored.lock_endpoint(session, change.id)
    problem = _NOT_FOUND if now is None else version_problem(change.expected_version, now.version)
    return now, [*malformed, *([] if problem is None else [problem])]


def _accepted(now: WebhookEndpointRow | None, problems: list[Problem]) -> WebhookEndpointRow:
    """Return the locked endpoint. Raise Rejected if there are problems, with the endpoint for a version conflict."""
    if now is not None and any(problem.code is ErrorCode.VERSION_CONFLICT for problem in problems):
        raise Rejected(problems, current=EndpointOutcome(now, wrote=False))
    if now is None or problems:
        raise Rejected(problems)
    return now


def _changes(now: WebhookEndpointRow, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that an update changes. What may have failed before is sent at once.

    Activating an endpoint that waits for another attempt is a change, too: it ends the wait.
    """
    types = {"types": sent["types"] or ()} if "types" in sent else {}
    values = find_changes(now, {**sent, **types})
    if now.failing_since is not None and sent.get("status") == WebhookStatus.ACTIVE:
        values["status"] = WebhookStatus.ACTIVE
    if "status" in values:
        is_paused = values["status"] == WebhookStatus.PAUSED
        values["paused_reason"] = PauseReason.REQUESTED if is_paused else None
    return {**values, **stored.AT_ONCE} if values else {}


async def _problems_of_kept(now: WebhookEndpointRow, values: Mapping[str, Any], writer: Writer) -> list[Problem]:
    """Return problems of the types and the document that stay.

    A credential with more scopes may have written them, or a release with another schema accepted them.
    """
    is_sent_anew = not _SENDS.isdisjoint(values)
    scopes = writer.shown_scopes if is_sent_anew else frozenset(map(Scope, now.scopes))
    shows_less = not scopes.issuperset(now.scopes)
    was_invalid = "status" in values and now.paused_reason == PauseReason.DOCUMENT_INVALID
    types = now.types if shows_less and "types" not in values else ()
    document = now.document if (shows_less or was_invalid) and "document" not in values else None
    return await writer.rules.problems(url=None, types=types, document=document, scopes=scopes)


def _excess(count: int) -> list[Problem]:
    if count < MOST_ENDPOINTS:
        return []
    message = f"would be the company's endpoint number {count + 1}; at most {MOST_ENDPOINTS} are allowed."
    return [LimitProblem(ErrorCode.WEBHOOK_ENDPOINT_LIMIT_EXCEEDED, (), message, MOST_ENDPOINTS, count + 1)]


def _new_secret() -> str:
    """Return a random secret in the form of Standard Webhooks."""
    return _SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
