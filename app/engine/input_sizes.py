"""Measure input values: count the items of lists in literals and raw values, before coercion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, cast

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from app.domain.errors import Path
from app.engine.request_errors import RequestErrorCode

MAX_ITEMS = "max_items"
"""The extension of an argument, of an input's field, or of a scalar whose values are maps, that holds its MaxItems."""
MAX_FIELDS = "max_fields"
"""The extension of an input type with its maximum number of fields, including those of nested inputs."""

CONDITIONS = "conditions"
"""The extension of an input's field whose value is more than one condition. It returns their number for a value."""


class MaxItems(Protocol):
    """Maximum number of items of a list, or entries of a map. Entries of maps in the list don't count as items."""

    @property
    def most(self) -> int:
        """The maximum."""
        ...

    @property
    def is_read(self) -> bool:
        """Whether a longer list is rejected by its reader, which doesn't look at its items."""
        ...

    @property
    def most_read(self) -> int | None:
        """Number of items beyond which a longer list is rejected before conversion, if there is such a limit."""
        ...

    @property
    def code(self) -> str:
        """The code of the error for a longer list."""
        ...


class Excess(NamedTuple):
    """A list that is too long, or an input of too many fields."""

    path: Path
    message: str
    code: str

    def below(self, path: Path) -> "Excess":
        """Return the excess with a path that is prefixed with another."""
        return self._replace(path=(*path, *self.path))


@dataclass(slots=True)
class Measured:
    """The counts and excesses of a value."""

    items: int = 0
    conditions: int = 0
    """Fields of inputs whose number is limited."""
    fields: int | None = None
    """Fields of an input whose number is limited, while it is being measured."""
    excesses: list[Excess] = field(default_factory=list[Excess])


Measure = Callable[[Any, Path, Measured], None]
"""Count the items of the lists in a raw value of any shape; values of wrong types are rejected later."""


class InputSizes:
    """Measures the values of one schema's input types."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._known: dict[GraphQLInputObjectType, Measure | None] = {}
        # Measures all types beforehand, so that threads never see a partial measure.
        for kind in schema.type_map.values():
            if isinstance(kind, GraphQLInputObjectType):
                self.measure(kind)

    def measure(self, kind: Any, maximum: MaxItems | None = None) -> Measure | None:
        """Return the measure of a type's values; None if they have no lists.

        `maximum` is that of the argument or field.
        """
        if isinstance(kind, GraphQLNonNull):
            return self.measure(cast("Any", kind).of_type, maximum)
        if isinstance(kind, GraphQLList):
            return _list(self.measure(cast("Any", kind).of_type), maximum)
        if isinstance(kind, GraphQLInputObjectType):
            return self._known[kind] if kind in self._known else self._object(kind)
        of_map = kind.extensions.get(MAX_ITEMS)
        return None if of_map is None else _map(of_map)

    def _object(self, kind: GraphQLInputObjectType) -> Measure | None:
        lists: dict[str, Measure] = {}
        most: int | None = kind.extensions.get(MAX_FIELDS)
        known = _object(lists) if most is None else _limited_object(lists, most)
        # Stored before its lists are known, because an input type may contain itself.
        self._known[kind] = known
        for name, member in kind.fields.items():
            measure = self.measure(member.type, member.extensions.get(MAX_ITEMS))
            if CONDITIONS in member.extensions:
                measure = _conditions(member.extensions[CONDITIONS], measure)
            if measure is not None:
                lists[name] = measure
        if not lists and most is None:
            self._known[kind] = None
        return self._known[kind]


def _object(lists: Mapping[str, Measure]) -> Measure:
    def measure_object(value: Any, path: Path, measured: Measured) -> None:
        if isinstance(value, dict):
            _measure_fields(cast("dict[str, Any]", value), lists, path, measured)

    return measure_object


def _limited_object(lists: Mapping[str, Measure], most: int) -> Measure:
    def measure_object(value: Any, path: Path, measured: Measured) -> None:
        if not isinstance(value, dict):
            return
        given = cast("dict[str, Any]", value)
        is_outermost, measured.fields = measured.fields is None, len(given) + (measured.fields or 0)
        _measure_fields(given, lists, path, measured)
        if is_outermost:
            if measured.fields > most:
                message = f"has {measured.fields:,} conditions, those within it counted; at most {most:,} are allowed."
                measured.excesses.append(Excess(path, message, RequestErrorCode.VARIABLES))
            measured.conditions += measured.fields
            measured.fields = None

    return measure_object


def _measure_fields(given: Mapping[str, Any], lists: Mapping[str, Measure], path: Path, measured: Measured) -> None:
    for name in lists.keys() & given.keys():
        lists[name](given[name], (*path, name), measured)


def _conditions(count: Callable[[Any], int], inner: Measure | None) -> Measure:
    def measure_conditions(value: Any, path: Path, measured: Measured) -> None:
        # The field itself counts as one.
        measured.conditions += count(value) - 1
        if inner is not None:
            inner(value, path, measured)

    return measure_conditions


def _list(measure_item: Measure | None, maximum: MaxItems | None) -> Measure:
    def measure_list(value: Any, path: Path, measured: Measured) -> None:
        if value is None:
            return
        items = cast("list[Any]", value if isinstance(value, list) else [value])
        measured.items += len(items)
        if exceeds_maximum(items, maximum, path, measured) or measure_item is None:
            return
        for place, item in enumerate(items):
            measure_item(item, (*path, place), measured)

    return measure_list


def _map(maximum: MaxItems) -> Measure:
    def measure_map(value: Any, _path: Path, measured: Measured) -> None:
        if isinstance(value, dict):
            measured.items += max(0, len(cast("dict[str, Any]", value)) - maximum.most)

    return measure_map


def exceeds_maximum(
    items: "list[Any] | tuple[Any, ...]", maximum: MaxItems | None, path: Path, measured: Measured
) -> bool:
    """Return whether a list is longer than its maximum. Note the excess, unless the list's reader reports it."""
    if maximum is None or len(items) <= maximum.most:
        return False
    if not maximum.is_read or (maximum.most_read is not None and len(items) > maximum.most_read):
        message = f"has {len(items):,} items; at most {maximum.most:,} are allowed."
        measured.excesses.append(Excess(path, message, maximum.code))
    return True


class Use(NamedTuple):
    """A variable that holds lists, or is one, within an argument."""

    name: str
    path: Path
    maximum: MaxItems | None
    conditions: Callable[[Any], int] | None = None
    """Returns the number of conditions of a value, if it may be more than one."""


def measure_literal(
    kind: Any,
    node: ValueNode,
    path: Path,
    maximum: MaxItems | None,
    measured: Measured,
    uses: list[Use],
    count: Callable[[Any], int] | None = None,
) -> None:
    """Measure a literal, and note the variables in it. The recursion is safe, because its depth is limited."""
    if count is not None:
        measured.conditions += count(raw_value(node)) - 1
    if isinstance(kind, GraphQLNonNull):
        measure_literal(cast("Any", kind).of_type, node, path, maximum, measured, uses)
    elif isinstance(node, VariableNode):
        uses.append(Use(node.name.value, path, maximum, count))
    elif isinstance(kind, GraphQLList) and not isinstance(node, NullValueNode):
        of_type = cast("Any", kind).of_type
        items = tuple(node.values) if isinstance(node, ListValueNode) else (node,)
        measured.items += len(items)
        if not exceeds_maximum(items, maximum, path, measured):
            for place, item in enumerate(items):
                measure_literal(of_type, item, (*path, place), None, measured, uses)
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        measured.conditions += len(node.fields) if MAX_FIELDS in kind.extensions else 0
        for given in node.fields:
            member = kind.fields[given.name.value]
            below = (*path, given.name.value)
            most, count = member.extensions.get(MAX_ITEMS), member.extensions.get(CONDITIONS)
            measure_literal(member.type, given.value, below, most, measured, uses, count)
    elif isinstance(node, ObjectValueNode):
        of_map: MaxItems | None = cast("Any", kind).extensions.get(MAX_ITEMS)
        measured.items += 0 if of_map is None else max(0, len(node.fields) - of_map.most)


def raw_value(node: ValueNode | None) -> Any:
    """Return a literal's text, or its items as nodes; None for others, whose conditions count as one."""
    if isinstance(node, StringValueNode):
        return node.value
    return [*node.values] if isinstance(node, ListValueNode) else None
