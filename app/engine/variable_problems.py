"""Find all problems with the variables of an operation that can't be coerced.

The types are those of input_values.py, which is fast and stops at the first problem.
tests/engine/test_value_problems.py holds that both reject the same values.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    DocumentNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_required_input_field,
)
from graphql.pyutils import is_iterable  # pyright: ignore[reportUnknownVariableType] - open wrappers

from app.domain.errors import Path
from app.domain.labels import shown_value
from app.engine.graphql_core_seam import coerce_default_value
from app.engine.limits import fragments_of
from app.engine.value_problems import (
    PROBLEMS_OF,
    ProblemsOf,
    ValueProblem,
    ValueProblems,
    missing,
    not_an_object,
    not_one_of,
    null,
    too_deep,
    unknown,
    wrong_leaf,
)


class _Reader:
    """Reads the value of one variable as far as it fits, and notes all problems."""

    def __init__(self, variable: str, problems: ValueProblems) -> None:
        self._variable, self._problems = variable, problems

    def read(self, kind: Any, value: Any, path: Path) -> Any:
        """Return the coerced value; Undefined if it is invalid."""
        if isinstance(kind, GraphQLNonNull):
            if value is None:
                return self._note(null(path))
            return self.read(cast("Any", kind).of_type, value, path)
        if value is None:
            return None
        if isinstance(kind, GraphQLList):
            return self._list(cast("Any", kind).of_type, value, path)
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, value, path)
        return self._leaf(kind, value, path)

    def _leaf(self, kind: Any, value: Any, path: Path) -> Any:
        try:
            found = kind.coerce_input_value(value)
        except Exception:  # noqa: BLE001 - whatever it is, the value is invalid
            found = Undefined
        if found is not Undefined:
            return found
        is_number = kind is GraphQLInt and type(value) is int
        is_text = isinstance(value, str)
        return self._note(wrong_leaf(kind, path, shown_value(value), is_number=is_number, is_text=is_text))

    def _note(self, problem: ValueProblem) -> Any:
        self._problems.add(problem, self._variable)
        return Undefined

    def _list(self, of_type: Any, value: Any, path: Path) -> Any:
        if not is_iterable(value):
            # One item may be given for a list of one.
            found = self.read(of_type, value, path)
            return Undefined if found is Undefined else [found]
        items = [self.read(of_type, item, (*path, place)) for place, item in enumerate(cast("Iterable[Any]", value))]
        return Undefined if any(item is Undefined for item in items) else items

    def _object(self, kind: GraphQLInputObjectType, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return self._note(not_an_object(path, shown_value(value)))
        given, before = cast("dict[str, Any]", value), len(self._problems.found)
        found: dict[str, Any] = {}
        for name, field in kind.fields.items():
            if name in given:
                value_of_field = self.read(field.type, given[name], (*path, name))
            elif is_required_input_field(field):
                value_of_field = self._note(missing((*path, name)))
            else:
                value_of_field = coerce_default_value(field)
            if value_of_field is not Undefined:
                found[name] = value_of_field
        for name in given:
            if name not in kind.fields:
                self._note(unknown(path, name, kind))
        if kind.is_one_of:
            self._check_one_of(kind, given, path)
        self._find_more(kind, found, path, before)
        return found if len(self._problems.found) == before else Undefined

    def _check_one_of(self, kind: GraphQLInputObjectType, given: Mapping[str, Any], path: Path) -> None:
        known = [name for name in given if name in kind.fields]
        if len(known) != 1:
            self._note(not_one_of(path, kind, len(known)))
        elif given[known[0]] is None:
            self._note(null((*path, known[0])))

    def _find_more(self, kind: GraphQLInputObjectType, found: Mapping[str, Any], path: Path, before: int) -> None:
        """Note what an input's own check finds in its other fields, so that all problems come together."""
        problems_of: ProblemsOf | None = kind.extensions.get(PROBLEMS_OF)
        if problems_of is None:
            return
        depth = len(path)
        wrong = {problem.path[depth] for problem, _ in self._problems.found[before:] if len(problem.path) > depth}
        for code, below, message in problems_of(found):
            if not below or below[0] not in wrong:
                self._note(ValueProblem(code, (*path, *below), message))


def find_problems(kind: Any, value: Any, path: Path, variable: str, problems: ValueProblems) -> None:
    """Add all problems with a variable's value; `path` is where it is used. Raise Enough if there are too many."""
    try:
        _Reader(variable, problems).read(kind, value, path)
    except RecursionError:
        problems.add(too_deep(path), variable)


def uses_of(document: DocumentNode, operation: OperationDefinitionNode) -> dict[str, Path]:
    """Return the first use of each variable in an operation, as the path from the argument to the variable."""
    fragments = fragments_of(document)
    found: dict[str, Path] = {}
    seen: set[str] = set()
    stack: list[Node] = [operation]
    while stack:
        node: Any = stack.pop()
        for holder in (node, *(getattr(node, "directives", None) or ())):
            for argument in getattr(holder, "arguments", None) or ():
                for name, path in _uses_in(argument.value, (argument.name.value,)):
                    found.setdefault(name, path)
        if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            stack.append(fragments[node.name.value])
        selections = getattr(node, "selection_set", None)
        stack += reversed(selections.selections if selections else ())
    return found


def _uses_in(value: ValueNode, path: Path) -> Iterator[tuple[str, Path]]:
    match value:
        case VariableNode():
            yield value.name.value, path
        case ListValueNode():
            for place, item in enumerate(value.values):
                yield from _uses_in(item, (*path, place))
        case ObjectValueNode():
            for field in value.fields:
                yield from _uses_in(field.value, (*path, field.name.value))
        case _:
            pass
