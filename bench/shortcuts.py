"""`python -m bench.shortcuts`: measure how much time each module saves that replaces a function of a library.

Both run in turn, in one process, with the same input; figures are medians over rounds. No server is started.
The file is over 250 lines because it lists all modules that replace a function of a library.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    OperationDefinitionNode,
    coerce_input_value,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_argument_values,
    get_variable_values,
    parse,
    parse_type,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.execution import VariableValues
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.engine.input_values import InputValues
from app.engine.variables import OperationVariables
from app.graphql.planning.compiled_arguments import CompiledArguments, Inputs
from app.graphql.schema import schema
from app.graphql.strawberry_seam import convert_arguments, executable
from app.web.deadline import Deadline, Patience
from app.web.direct import Direct
from app.web.envelope import Caught
from bench.documents import documents

_ROUNDS = 15
_SECONDS = 0.05
"""How long each of the two runs per round."""
_ROWS = 500
_REPRESENTATIONS = 10_000
_ROW = {
    "customerType": "BUSINESS",
    "name": "Harbor Trading",
    "email": "orders@example.com",
    "phone": "+45 12 34 56 78",
    "address": "Havnegade 1",
    "city": "Aarhus",
    "postalCode": "8000",
    "countryCode": "DK",
    "vatZone": "DOMESTIC",
    "defaultCurrency": "DKK",
    "paymentTerms": 14,
    "isActive": True,
}
_SCHEMA = executable(schema)
_LIMIT_SECONDS = 30.0

Run = Callable[[], object]
Repeat = Callable[[int], float]
"""Runs code a number of times, and returns the seconds that it took."""


class Pair(NamedTuple):
    """A module's code, and a library's code with the same result."""

    name: str
    own: Repeat
    library: Repeat


def pairs() -> Iterator[Pair]:
    """Yield the pairs, in the order of the report."""
    texts = documents()
    q1, q6 = ({"id": "0198c0de-0000-7000-8000-000000000000"}, {"key": "segment", "value": "retail"})
    upsert = "mutation($input: UpsertCustomersInput!) {upsertCustomers(input: $input) {written}}"
    rows = [{**_ROW, "customerNumber": str(number), "metadata": {"a": number}} for number in range(_ROWS)]
    written = {"input": {"matchBy": "CUSTOMER_NUMBER", "rows": rows}}
    for name, text, given in (
        ("one id", texts["Q1"], q1),
        ("a metadata pair", texts["Q6"], q6),
        ("500 rows", upsert, written),
    ):
        yield from _of_document(name, text, given)
    yield _values("500 rows", "UpsertCustomersInput!", written["input"])
    representations = [{"__typename": "Customer", "id": q1["id"]}] * _REPRESENTATIONS
    yield _values("10,000 representations", "[_Any!]!", representations)
    yield _deadline()
    yield _direct()


def _of_document(name: str, text: str, given: dict[str, Any]) -> Iterator[Pair]:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - the texts above
    definitions = operation.variable_definitions or ()
    variables = OperationVariables(_SCHEMA, operation, InputValues())
    coerced = variables.coerce(given)
    assert isinstance(coerced, VariableValues)  # noqa: S101 - the variables above are valid
    yield Pair(
        f"app/engine/variables.py, {name}",
        _repeat(lambda: variables.coerce(given)),
        _repeat(lambda: get_variable_values(_SCHEMA, definitions, given)),
    )
    node = operation.selection_set.selections[0]
    assert isinstance(node, FieldNode)  # noqa: S101 - the texts above
    root: Any = _SCHEMA.get_root_type(operation.operation)
    field = root.fields[node.name.value]

    def converted(field: Any, values: dict[str, Any]) -> dict[str, Any]:
        return convert_arguments(schema, field, values)

    compiled = CompiledArguments(field, node, Inputs(), converted)
    with _built_by_strawberry():
        # Both must have the same result.
        assert compiled.read(coerced) == converted(field, get_argument_values(field, node, coerced))  # noqa: S101
    yield Pair(
        f"app/graphql/planning/compiled_arguments.py, {name}",
        _repeat(lambda: compiled.read(coerced)),
        _repeat(lambda: converted(field, get_argument_values(field, node, coerced)), _built_by_strawberry),
    )


def _values(name: str, declared: str, value: object) -> Pair:
    kind: Any = type_from_ast(_SCHEMA, parse_type(declared))
    coerce = InputValues().coercion(kind)
    return Pair(
        f"app/engine/input_values.py, {name}",
        _repeat(lambda: coerce(value)),
        _repeat(lambda: coerce_input_value(value, kind)),
    )


def _deadline() -> Pair:
    patience = Patience()

    async def receive() -> Message:
        await asyncio.sleep(_LIMIT_SECONDS)
        return {"type": "http.disconnect"}

    async def own() -> None:
        with Deadline(_LIMIT_SECONDS, receive, patience) as deadline:
            deadline.begin_query()
            await asyncio.sleep(0)

    async def watch(task: "asyncio.Task[None]") -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    async def library() -> None:
        async with asyncio.timeout(_LIMIT_SECONDS) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + _LIMIT_SECONDS)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine is run by a task
            watching = asyncio.create_task(watch(task))
            try:
                await asyncio.sleep(0)
            finally:
                watching.cancel()

    return Pair("app/web/deadline.py, a query", _repeat_in_loop(own), _repeat_in_loop(library))


def _direct() -> Pair:
    async def endpoint(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        pass

    routed = Starlette(routes=[Route("/graphql", _Endpoint(endpoint))], middleware=[Middleware(Caught)])
    direct = Direct(routed, "/graphql", endpoint)

    def asked(app: ASGIApp) -> Callable[[], Awaitable[None]]:
        def ask() -> Awaitable[None]:
            scope: Scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": [], "state": {}}
            return app(scope, receive, send)

        return ask

    return Pair("app/web/direct.py, a request", _repeat_in_loop(asked(direct)), _repeat_in_loop(asked(routed)))


class _Endpoint:
    """An ASGI application as an object: Starlette would wrap a function."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


@contextmanager
def _built_by_strawberry() -> Generator[None]:
    """Let Strawberry build inputs without this service's builders."""
    kinds = [kind for kind in _SCHEMA.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    definitions = [kind.extensions["strawberry-definition"] for kind in kinds]
    builders = [definition.from_input for definition in definitions]
    for definition in definitions:
        definition.from_input = None
    try:
        yield
    finally:
        for definition, builder in zip(definitions, builders, strict=True):
            definition.from_input = builder


@contextmanager
def _as_it_is() -> Generator[None]:
    yield


def _repeat(run: Run, within: Callable[[], Any] = _as_it_is) -> Repeat:
    def repeat(times: int) -> float:
        with within():
            begun = process_time()
            for _ in range(times):
                run()
            return process_time() - begun

    return repeat


def _repeat_in_loop(run: Callable[[], Awaitable[None]]) -> Repeat:
    async def repeated(times: int) -> float:
        begun = process_time()
        for _ in range(times):
            await run()
        return process_time() - begun

    return lambda times: asyncio.run(repeated(times))


def _times(repeat: Repeat) -> int:
    """Return how often code runs per round."""
    repeat(1)
    return max(1, int(_SECONDS / max(repeat(3) / 3, 1e-7)))


def measured(pair: Pair) -> tuple[float, float, float]:
    """Return the microseconds of both and their ratio: medians over the rounds, each of which measures both."""
    own_times, library_times = _times(pair.own), _times(pair.library)
    found = [(pair.own(own_times) / own_times, pair.library(library_times) / library_times) for _ in range(_ROUNDS)]
    own, library = (median(seconds) for seconds in zip(*found, strict=True))
    return own * 1e6, library * 1e6, median(second / first for first, second in found)


def main() -> None:
    """Print a line for each pair."""
    out = sys.stdout
    out.write(f"{'module and input':60} {'own µs':>10} {'library µs':>11} {'ratio':>6}\n")
    for pair in pairs():
        own, library, ratio = measured(pair)
        out.write(f"{pair.name:60} {own:10.1f} {library:11.1f} {ratio:6.1f}\n")


if __name__ == "__main__":
    main()
