"""What is sent of an event: its envelope, with the answer to the endpoint's document."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from graphql import ExecutionResult

from app.db.rows import EventRow
from app.db.webhook_sending import Endpoint
from app.domain.events import EventType
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine, OperationType
from app.engine.request_errors import RequestError
from app.graphql import feed_cursors
from app.graphql.context import Context
from app.graphql.feed import entity_of
from app.webhooks.envelope import envelope_of
from app.webhooks.result_size import is_longer

OpenContext = Callable[[Principal], AbstractAsyncContextManager[Context]]


class DocumentInvalid(Exception):
    """The endpoint's document can't run, for example because the schema has changed since it was stored."""


class ResultTooLarge(Exception):
    """The answer to the endpoint's document has too many bytes."""


def types_of(endpoint: Endpoint) -> Collection[EventType]:
    """Return the types of the events that an endpoint gets: those that it asks for and may read."""
    wanted = {*endpoint.types} or {*EventType}
    return [kind for kind in EventType if kind in wanted and entity_of(kind).scope in endpoint.scopes]


class Messages:
    """Makes the bodies of deliveries. `most_bytes`: the maximum size of the answer to a document."""

    def __init__(
        self, engine: Engine, open_context: OpenContext, write: Callable[[ExecutionResult], bytes], *, most_bytes: int
    ) -> None:
        self._engine = engine
        self._open_context = open_context
        self._write = write
        self._most_bytes = most_bytes

    async def body(self, company_id: UUID, endpoint_id: UUID, endpoint: Endpoint, event: EventRow) -> bytes:
        """Return the body for an event. Raise DocumentInvalid, ResultTooLarge and DatabaseUnavailable."""
        cursor = feed_cursors.encode(company_id, event.position)
        if endpoint.document is None:
            return envelope_of(event, company_id, cursor)
        scopes = frozenset(scope for scope in Scope if scope in endpoint.scopes)
        principal = Principal(company_id, f"webhook {endpoint_id}", scopes, None)
        return envelope_of(event, company_id, cursor, await self._answer(endpoint.document, principal, event))

    async def _answer(self, text: str, principal: Principal, event: EventRow) -> bytes:
        try:
            operation = (await self._engine.prepare_aside(text)).select(None)
            if operation.type is not OperationType.SUBSCRIPTION:
                raise DocumentInvalid
            async with self._open_context(principal) as context:
                subscribed = await self._engine.subscribe(operation, {}, context)
                # By a plan, the database would write the whole JSON before its size is known.
                (result,) = await self._engine.respond(subscribed, [event], context, by_plan=False)
        except RequestError as error:
            raise DocumentInvalid from error
        if is_longer(result.data, self._most_bytes):
            raise ResultTooLarge
        written = self._write(result)
        if len(written) > self._most_bytes:
            raise ResultTooLarge
        return written
