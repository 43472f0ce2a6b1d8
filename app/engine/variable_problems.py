"""Find all problems with the variables of an operation that can't be coerced.

The types are those of input_values.py, which is fast and stops at the first problem.
tests/engine/test_value_problems.py holds that both reject the same values.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    SKIP,
    ArgumentNode,
    DocumentNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    VisitorAction,
    is_required_input_field,
    separate_operations,
    visit,
)
from graphql.pyutils import is_iterable  # pyright: ignore[reportUnknownVariableType] - open wrappers

from app.domain.errors import Path
from app.domain.labels import shown_value
from app.engine.graphql_core_seam import coerce_default_value
from app.engine.limits import fragments_of
from app.engine.literal_values import LiteralReader, variables_in
from app.engine.value_problems import (
    UNREAD,
    UNREADABLE,
    ReadVariable,
    ValueProblem,
    ValueProblems,
    in_list,
    missing,
    more_problems,
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
        self.wrong: list[Path] = []

    def read(self, kind: Any, value: Any, path: Path) -> Any:
        """Return the coerced value, with UNREAD where it doesn't fit."""
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

    def _note(self, problem: ValueProblem) -> object:
        self.wrong.append(problem.path)
        self._problems.add(problem, self._variable)
        return UNREAD

    def _list(self, of_type: Any, value: Any, path: Path) -> list[Any]:
        if not is_iterable(value):
            # One item may be given for a list of one.
            before, item = len(self.wrong), self.read(of_type, value, path)
            self.wrong += in_list(self.wrong[before:], path)
            return [item]
        return [self.read(of_type, item, (*path, place)) for place, item in enumerate(cast("Iterable[Any]", value))]

    def _object(self, kind: GraphQLInputObjectType, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return self._note(not_an_object(path, shown_value(value)))
        given, before = cast("dict[str, Any]", value), len(self.wrong)
        found: dict[str, Any] = {}
        for name, field in kind.fields.items():
            if name in given:
                found[name] = self.read(field.type, given[name], (*path, name))
            elif is_required_input_field(field):
                self._note(missing((*path, name)))
            elif (default := coerce_default_value(field)) is not Undefined:
                found[name] = default
        for name in given:
            if name not in kind.fields:
                self._note(unknown(path, name, kind))
        if kind.is_one_of:
            self._check_one_of(kind, given, path)
        for problem in more_problems(kind, found, path, self.wrong[before:]):
            self._note(problem)
        return found

    def _check_one_of(self, kind: GraphQLInputObjectType, given: Mapping[str, Any], path: Path) -> None:
        known = [name for name in given if name in kind.fields]
        if len(known) != 1:
            self._note(not_one_of(path, kind, len(known)))
        elif given[known[0]] is None:
            self._note(null((*path, known[0])))


def read_variable(kind: Any, value: Any, path: Path, name: str, problems: ValueProblems) -> ReadVariable:
    """Add all problems with a variable's value; `path` is where it is used. Raise Enough if there are too many."""
    reader = _Reader(name, problems)
    try:
        read = reader.read(kind, value, path)
    except RecursionError:
        problems.add(too_deep(path), name)
        return UNREADABLE
    return ReadVariable(read, tuple(found[len(path) :] for found in reader.wrong))


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
                for name, path in variables_in(argument.value, (argument.name.value,)):
                    found.setdefault(name, path)
        if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            stack.append(fragments[node.name.value])
        selections = getattr(node, "selection_set", None)
        stack += reversed(selections.selections if selections else ())
    return found


class Literal(NamedTuple):
    """An argument of an operation with a literal in which objects may be."""

    kind: Any
    """The type of the argument."""
    node: ValueNode
    path: Path


class _Arguments(Visitor):
    """Collects arguments with lists and objects of a document."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: list[Literal] = []

    def enter_argument(self, node: ArgumentNode, *_arguments: Any) -> VisitorAction:
        """Note the argument, and leave its value to a LiteralReader."""
        if isinstance(node.value, ListValueNode | ObjectValueNode):
            kind = cast("Any", self._info).get_input_type()
            self.found.append(Literal(kind, node.value, (node.name.value,)))
        return SKIP


def literals_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> list[Literal]:
    """Return the literals of an operation in which there may be inputs, those of its fragments too."""
    info = TypeInfo(schema)
    arguments = _Arguments(info)
    name = operation.name.value if operation.name else ""
    visit(separate_operations(document)[name], TypeInfoVisitor(info, arguments))
    return arguments.found


def find_in_literals(
    literals: Iterable[Literal], variables: Mapping[str, ReadVariable], problems: ValueProblems
) -> None:
    """Add the problems of inputs that are written in the document, with variables in them that were read before."""

    def note(problem: ValueProblem, node: Node) -> None:
        found = problem, node.name.value if isinstance(node, VariableNode) else None
        # Paths begin with the argument, so aliases of a mutation may have the same problem.
        if found not in problems.found:
            problems.add(*found)

    for kind, node, path in literals:
        LiteralReader(note, variables).read(kind, node, path)
