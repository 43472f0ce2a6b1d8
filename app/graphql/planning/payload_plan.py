"""The plan of a mutation's payload: it shows the stored objects in it, and reads what they lead to in one statement.

The objects themselves are shown from the rows that the mutation returned, because a repeated request shows what was
stored then, and a dry run what was stored when it decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import orjson
from graphql import GraphQLError
from graphql.execution import VariableValues

from app.db.arguments import Arguments, HeldRows
from app.db.plans.held import held_statement
from app.db.plans.slots import values_of
from app.db.plans.tree import Constant, Held, PlanNode, Single
from app.domain.identity import Scope
from app.graphql.context import Context
from app.graphql.planning.query_plan import Slot
from app.graphql.planning.shown import ShowField
from app.graphql.planning.statements import PlanStatements, Statements
from app.unavailable import DatabaseUnavailable, StatementTimeout

ResultIndex = int | None
"""The index of a result in the payload; None for the payload itself."""


class Object(NamedTuple):
    """An object that a payload, or each of its results, holds as a row."""

    path: tuple[str, ...]
    """The response keys that lead to it."""
    results: str | None
    """The payload's attribute with the results that hold it; None if the payload does."""
    attribute: str
    members: tuple[tuple[str, ShowField | int | str], ...]
    """By response key: a plain field, the number of an edge, or the name of the type."""
    edges: tuple[PlanNode, ...]

    @classmethod
    def of(
        cls,
        path: tuple[str, ...],
        results: str | None,
        attribute: str,
        selected: Iterable[tuple[str, ShowField | PlanNode]],
    ) -> "Object":
        """Return an object with its plain fields and edges told apart."""
        edges: list[PlanNode] = []
        members: list[tuple[str, ShowField | int | str]] = []
        for key, member in selected:
            if isinstance(member, Constant):
                members.append((key, orjson.loads(member.json)))
            elif callable(member):
                members.append((key, member))
            else:
                members.append((key, len(edges)))
                edges.append(member)
        return cls(path, results, attribute, tuple(members), tuple(edges))

    def rows(self, payload: Any) -> dict[ResultIndex, Any]:
        """Return the rows that a payload holds, by position."""
        held: Iterable[tuple[ResultIndex, Any]] = [(None, payload)]
        if self.results is not None:
            held = enumerate(cast("Sequence[Any]", getattr(payload, self.results)))
        rows = {position: getattr(holder, self.attribute) for position, holder in held}
        return {position: row for position, row in rows.items() if row is not None}


class NamedObject(NamedTuple):
    """An object that a payload only names by its id."""

    path: tuple[str, ...]
    single: Single

    @property
    def edges(self) -> tuple[PlanNode, ...]:
        """The payload's edge to the object."""
        return (self.single,)

    def rows(self, payload: Any) -> dict[ResultIndex, Any]:
        """Return the payload as the row that the edge starts from, if it names an object."""
        return {} if getattr(payload, self.single.key) is None else {None: payload}


class _Read(NamedTuple):
    """What was read for one object of the plan."""

    places: dict[ResultIndex, int]
    """The place of each row in the columns, by position."""
    columns: Sequence[Sequence[bytes]]
    """JSON of each edge, row by row."""


class ShownObjects:
    """The objects of one payload, with what was read for them."""

    def __init__(self, objects: Sequence[Object | NamedObject], read: Mapping[int, _Read]) -> None:
        self._objects = {shown.path: (number, shown) for number, shown in enumerate(objects)}
        self._read = read

    def object_at(self, path: Sequence[str | int], row: Any) -> dict[str, object] | None:
        """Return the object at a path below the payload; None if graphql-core has to complete it."""
        keys = tuple([part for part in path if isinstance(part, str)])
        number, shown = self._objects.get(keys, (0, None))
        if not isinstance(shown, Object):
            return None
        try:
            fragments = self._fragments(number, next((part for part in path if isinstance(part, int)), None))
            return {
                key: member
                if isinstance(member, str)
                else fragments[member]
                if isinstance(member, int)
                else member(row)
                for key, member in shown.members
            }
        except Exception:  # noqa: BLE001 - graphql-core reports the error at the field's path
            return None

    def refers(self, path: Sequence[str | int]) -> bool:
        """Return whether the payload only names the object at a path, so that `reference_at` returns it."""
        _, shown = self._objects.get(tuple(map(str, path)), (0, None))
        return isinstance(shown, NamedObject)

    def reference_at(self, path: Sequence[str | int]) -> object:
        """Return an object that the payload only names; None if it names none."""
        number, _ = self._objects[tuple(map(str, path))]
        fragments = self._fragments(number, None)
        return fragments[0] if fragments else None

    def _fragments(self, number: int, position: ResultIndex) -> Sequence[orjson.Fragment]:
        read = self._read.get(number)
        if read is None:
            return ()
        place = read.places[position]
        return [orjson.Fragment(column[place]) for column in read.columns]


class PayloadPlan:
    """The plan of one payload."""

    def __init__(
        self,
        objects: Sequence[Object | NamedObject],
        slots: tuple[Slot, ...],
        scopes: frozenset[Scope],
        statements: Statements,
    ) -> None:
        self._objects, self._slots, self._scopes = objects, slots, scopes
        numbers = [number for number, shown in enumerate(objects) if shown.edges]
        self._held = {number: Held(objects[number].edges, len(slots) + at) for at, number in enumerate(numbers)}
        self._keys = {number: _keys(held.edges) for number, held in self._held.items()}
        edges = tuple(("", edge) for held in self._held.values() for edge in held.edges)
        self._fixed_limits = frozenset(place for place, slot in enumerate(slots) if slot.given.limit_is_fixed)
        self._statements = PlanStatements(statements, edges)

    async def read(self, payload: Any, variables: VariableValues, context: Context) -> ShownObjects | None:
        """Return the objects of a payload, or read what they lead to first; None if graphql-core has to do it."""
        if not self._scopes <= context.principal.scopes:
            return None
        rows = {number: self._objects[number].rows(payload) for number in self._held}
        if not any(rows.values()):
            return ShownObjects(self._objects, {})
        return await self._read(rows, variables, context)

    async def _read(
        self, rows: Mapping[int, dict[ResultIndex, Any]], variables: VariableValues, context: Context
    ) -> ShownObjects | None:
        company_id = context.principal.company_id
        try:
            given = [slot.arguments(company_id, variables) for slot in self._slots]
        except GraphQLError:
            return None
        arguments = (*given, *(_held_rows(self._keys[number], held.values()) for number, held in rows.items()))
        json_scalar = context.json_scalar
        shapes = [json_scalar, *(argument.shape for argument in arguments)]
        asked = self._statements.latest(shapes)
        if asked is None:
            held = tuple(self._held.values())
            make = partial(held_statement, held, arguments, self._fixed_limits, json_scalar=json_scalar)
            asked = await self._statements.get(shapes, arguments, make)
        try:
            row = await context.row(asked, asked.parameters(company_id, values_of(arguments)))
        except (DatabaseUnavailable, StatementTimeout) as error:
            # Reading field by field would fail the same way, at a higher cost.
            context.session.fail(error)
            return None
        return None if row is None else self._shown(rows, iter(row))

    def _shown(self, rows: Mapping[int, dict[ResultIndex, Any]], columns: Any) -> ShownObjects:
        read: dict[int, _Read] = {}
        for number, held in self._held.items():
            of_object = [next(columns) for _ in held.edges]
            if rows[number]:
                places = {position: place for place, position in enumerate(rows[number])}
                read[number] = _Read(places, of_object)
        return ShownObjects(self._objects, read)


def _keys(edges: Iterable[PlanNode]) -> tuple[str, ...]:
    """Return the attributes of rows that edges start from."""
    return tuple(dict.fromkeys(edge.key if isinstance(edge, Single) else "id" for edge in edges))


def _held_rows(keys: tuple[str, ...], rows: Iterable[Any]) -> Arguments:
    listed = list(rows)
    return HeldRows(keys, tuple([getattr(row, key) for row in listed] for key in keys))
