"""The loaders of one operation, one per edge of the graph. Keys that are requested together become one statement."""

from asyncio import Future, Task, create_task, gather, shield
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from aiodataloader import DataLoader

from app.db import batching, graph
from app.db.arguments import ListArguments
from app.db.conditions import Condition
from app.db.declarations import Entity, RowT, ToMany
from app.db.feed import Head, read_head
from app.db.paging import Page, PageRequest
from app.db.read_session import ReadSession
from app.db.rows import BillingTransitionRow, CustomerRow
from app.scheduling.portions import PortionedAnswer, current_answer

ValueT = TypeVar("ValueT")
Load = Callable[[Sequence[Any]], Awaitable[Mapping[Any, ValueT]]]


class _Loader(DataLoader[Any, Any]):
    """A loader whose callers can be canceled, or leave their values, independently of each other."""

    def load(self, key: Any) -> Future[Any]:
        """Return the value of a key. Each caller waits separately, because a canceled field cancels what it awaits."""
        value, answer = super().load(key), current_answer.get()
        if value.done():
            _retrieve(value)
            return value
        mine = shield(value) if answer is None else answer.value_for_one(value)
        # A caller that was canceled leaves the value of the batch.
        value.add_done_callback(_retrieve)
        mine.add_done_callback(_retrieve)
        return mine

    def load_many(self, keys: Iterable[Any]) -> Future[list[Any]]:
        """Return the values of keys for one caller, who gets them all at once."""
        load = super().load
        values = shield(gather(*(load(key) for key in keys)))
        values.add_done_callback(_retrieve)
        return values


def _retrieve(value: Future[Any]) -> None:
    """Retrieve the exception of a value, so that asyncio doesn't log it: a field whose sibling failed awaits no value.

    Code that awaits the value still gets the exception.
    """
    if not value.cancelled():
        value.exception()


class _Batches:
    """The batches of a loader. While lists of the operation wait for their turns, batches are joined to one."""

    def __init__(self, load: Load[Any]) -> None:
        self._load = load
        self._keys: list[Any] = []
        self._joined: Task[Mapping[Any, Any]] | None = None

    async def load(self, keys: list[Any]) -> Mapping[Any, Any]:
        """Return the values of the keys, and perhaps of further ones."""
        answer = current_answer.get()
        if answer is None or not answer.has_waited:
            return await self._load(keys)
        self._keys += keys
        if self._joined is None:
            self._joined = create_task(self._load_joined(answer))
        return await shield(self._joined)

    async def _load_joined(self, answer: PortionedAnswer) -> Mapping[Any, Any]:
        await answer.wait_until_settled()
        keys, self._keys, self._joined = self._keys, [], None
        return await self._load(keys)


class Loaders:
    """The loaders of rows. Equal arguments return the same loader, so that their keys are batched together."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def forget(self) -> None:
        """Drop the loaders, whose rows would stay in memory until a garbage collection: they refer to this object."""
        self._loaders.clear()

    def entity(self) -> DataLoader[UUID, Entity[Any] | None]:
        """Entities by id: which entity has a row with that id."""
        return self._loader("nodes", lambda keys: batching.entities(self._session, graph.NODES, keys), lambda: None)

    def one(self, entity: Entity[RowT]) -> DataLoader[UUID, RowT | None]:
        """Rows of an entity by id."""
        return self._loader(entity.name, lambda keys: batching.by_id(self._session, entity, keys), lambda: None)

    def by_key(self, entity: Entity[RowT], key: str) -> DataLoader[Any, RowT | None]:
        """Rows of an entity by one of its keys."""
        if key == "id":
            return self.one(entity)
        return self._loader(
            (entity.name, key), lambda values: batching.by_key(self._session, entity, key, values), lambda: None
        )

    def customer(self) -> DataLoader[UUID, CustomerRow | None]:
        """Customers by id."""
        return self.one(graph.customer)

    def feed_head(self) -> DataLoader[UUID, Head]:
        """Heads of the feed by company, of which there is only the session's own."""

        async def read(companies: Sequence[UUID]) -> Mapping[UUID, Head]:
            head = await read_head(self._session)
            return dict.fromkeys(companies, head)

        return self._loader("feed", read, lambda: Head(0, 0))

    def transition(self) -> DataLoader[UUID, BillingTransitionRow | None]:
        """Transitions by id."""
        return self.one(graph.billing_transition)

    def many(self, edge: ToMany[RowT], asked: ListArguments) -> DataLoader[UUID, list[RowT]]:
        """Rows of an edge that meet a condition, by source."""
        return self._loader(
            (edge.source.name, edge.name, asked),
            lambda keys: batching.many(self._session, edge, keys, limit=asked.limit, only=asked.only),
            list,
        )

    def page(self, edge: ToMany[RowT], request: PageRequest, only: Condition | None) -> DataLoader[UUID, Page[RowT]]:
        """Pages of an edge that is a connection, by source."""
        return self._loader(
            ("page", edge.source.name, edge.name, request, only),
            lambda keys: batching.pages(self._session, edge, keys, request, only),
            lambda: Page([], [], has_more=False),
        )

    def count(self, edge: ToMany[Any], only: Condition | None, at_most: int) -> DataLoader[UUID, int]:
        """Numbers of rows of an edge that is a connection, by source."""
        return self._loader(
            ("count", edge.source.name, edge.name, only, at_most),
            lambda keys: batching.counts(self._session, edge, keys, only, at_most),
            int,
        )

    def _loader(self, key: Hashable, load: Load[ValueT], missing: Callable[[], ValueT]) -> DataLoader[Any, ValueT]:
        """Return the loader with a key, which adds batching, order and values for missing keys to a query."""
        loader = self._loaders.get(key)
        if loader is None:
            batches = _Batches(load)

            async def batch(keys: list[Any]) -> list[ValueT]:
                found = await batches.load(keys)
                return [found[key] if key in found else missing() for key in keys]

            loader = self._loaders[key] = _Loader(batch)
        return cast("DataLoader[Any, ValueT]", loader)
