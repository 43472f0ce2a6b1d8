"""The parameters of endpoints, in the path and in the query, and the variables that they stand for.

What GraphQL can't see is checked here: names, repetitions, encoding and the form of numbers. Texts and metadata pairs
are checked by the functions that check GraphQL's arguments, so that all problems come at once. Cursors are left to
GraphQL, because whether one is valid depends on the filters beside it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from app.db.conditions import HasMetadata
from app.domain.errors import ErrorCode
from app.domain.texts import shown
from app.engine.request_errors import ValueCode
from app.graphql.arguments import Problems, filled
from app.graphql.codes import FieldCode
from app.graphql.metadata_pairs import pairs_of
from app.graphql.types.customer_filter import MetadataPairInput
from app.rest.percent import decoded
from app.rest.problems import NO_CUSTOMER, Invalid, ValidationProblem, shortened

MAX_LIMIT = 500
"""Maximum number of objects on a page."""
MAX_PARAMETERS = 50
"""Maximum number of parameters in a query, each metadata pair counted."""
_LIMIT = re.compile("[1-9][0-9]{0,2}", re.ASCII)
_ID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NO_ID = "00000000-0000-0000-0000-000000000000"
"""The id that no object has."""
_LEAVE_OUT = "; leave it out for no condition"
_OF_PAIR = re.compile("(Key|Value) ")
"""The subject of messages about a metadata pair."""


class Kind(StrEnum):
    """What the text of a parameter stands for."""

    ID = "ID"
    """The id of an object; a malformed one is the id of none."""
    TEXT = "TEXT"
    """A text that is compared exactly."""
    PAIRS = "PAIRS"
    """Metadata pairs, each as a parameter: `metadata[key]=value`."""
    COUNT = "COUNT"
    """The maximum number of objects on a page."""
    CURSOR = "CURSOR"
    """The cursor after which a page begins."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an endpoint."""

    name: str
    location: Literal["path", "query"]
    variable: str
    """The path of the value in the variables, such as `where.customerNumber`.

    A parameter of the query is the argument of the same path, so that its problems are found by it.
    """
    kind: Kind
    description: str

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of `variable`."""
        return tuple(self.variable.split("."))

    @property
    def written(self) -> str:
        """The name as callers write it."""
        return f"{self.name}[key]" if self.kind is Kind.PAIRS else self.name


def variables_of(
    parameters: Iterable[Parameter], path_values: Mapping[str, str], query_string: bytes
) -> dict[str, Any]:
    """Return the variables that a request's parameters stand for. Raise Invalid with all problems.

    `path_values` are the parameters of the path, decoded.
    """
    variables: dict[str, Any] = {}
    query: dict[str, Parameter] = {}
    for parameter in parameters:
        if parameter.location == "query":
            query[parameter.name] = parameter
        else:
            value = path_values[parameter.name]
            # A malformed id is answered as one that no object has: with all other problems of the request.
            _set(variables, parameter, value if parameter.kind is not Kind.ID or _ID.fullmatch(value) else NO_ID)
    if query_string:
        reading = _Reading(query)
        for name, given in reading.given(query_string).items():
            _set(variables, query[name], reading.value(query[name], given))
        reading.reject_if_any()
    return variables


def problem_of_argument(
    found: Mapping[str, Any], parameters: Iterable[Parameter], variables: Mapping[str, Any]
) -> ValidationProblem | None:
    """Return a problem that GraphQL finds in an argument as that of its parameter; None if no parameter stands for it.

    `found` is an entry of `extensions.problems`.
    """
    path = tuple(found["path"])
    for parameter in parameters:
        at, below = parameter.path, path[len(parameter.path) :]
        if path == (*at, *below):
            name = _property(parameter, below, variables)
            message = found["message"].replace(f'The argument "{at[0]}"', _subject(parameter.name), 1)
            if parameter.kind is Kind.PAIRS and (of_pair := _OF_PAIR.match(message)):
                message = f'The {of_pair[1].lower()} of the parameter "{name}" {message[of_pair.end() :]}'
            if parameter.location == "path" and found["code"] == ErrorCode.CUSTOMER_NOT_FOUND:
                message = NO_CUSTOMER
            # GraphQL's code for any invalid argument says nothing that the status doesn't.
            code = ErrorCode.FIELD_INVALID if found["code"] == FieldCode.BAD_USER_INPUT else found["code"]
            return ValidationProblem(name, code, message)
    return None


def _property(parameter: Parameter, below: Sequence[str], variables: Mapping[str, Any]) -> str:
    if parameter.kind is not Kind.PAIRS or not below:
        return parameter.name
    pairs: Any = variables
    for part in parameter.path:
        pairs = pairs[part]
    return f"{parameter.name}[{shortened(pairs[int(below[0])]['key'])}]"


class _Reading:
    """Reads the query of a URL, and notes all problems."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters
        self._found: dict[ValidationProblem, None] = {}

    def reject_if_any(self) -> None:
        """Raise the problems, if there are any."""
        if self._found:
            raise Invalid(self._found)

    def given(self, query_string: bytes) -> dict[str, list[tuple[str, str]]]:
        """Return the names and values that belong to each parameter, by its own name."""
        found: dict[str, list[tuple[str, str]]] = {}
        if (count := query_string.count(b"&") + 1) > MAX_PARAMETERS:
            # Telling what is wrong with thousands would take a tenth of a second.
            message = f"The URL has {count:,} parameters; at most {MAX_PARAMETERS} are allowed."
            raise Invalid([ValidationProblem("", ErrorCode.FIELD_INVALID, message)])
        for part in filter(None, query_string.split(b"&")):
            name, value = (decoded(half.replace(b"+", b" ")) for half in part.partition(b"=")[::2])
            if name is None or value is None:
                self._note(_written(part), "must be UTF-8 with percent-encoding.")
            elif (parameter := self._parameter(name)) is None:
                self._note(name, f"is unknown{self._known()}.", ValueCode.UNKNOWN)
            else:
                found.setdefault(parameter.name, []).append((name, value))
        return found

    def value(self, parameter: Parameter, given: Sequence[tuple[str, str]]) -> Any:
        """Return what a parameter was given as, and note its problems."""
        if parameter.kind is Kind.PAIRS:
            return self._pairs(parameter, given)
        if len(given) > 1:
            self._note(parameter.name, f"must be given once, not {len(given)} times.", ErrorCode.FIELD_CONFLICT)
        value = given[0][1]
        if parameter.kind is Kind.COUNT:
            return self._limit(parameter.name, value)
        if parameter.kind is Kind.TEXT:
            problems = Problems()
            filled(value, parameter.path, problems, advice=_LEAVE_OUT)
            self._note_all(problems, parameter, {})
        return value

    def _parameter(self, name: str) -> Parameter | None:
        base, bracket, _ = name.partition("[")
        parameter = self._parameters.get(base)
        return None if parameter is None or (bracket and parameter.kind is not Kind.PAIRS) else parameter

    def _known(self) -> str:
        known = ", ".join(parameter.written for parameter in self._parameters.values())
        return f"; the known parameters are {known}" if known else ": leave it out"

    def _limit(self, name: str, value: str) -> int:
        limit = int(value) if _LIMIT.fullmatch(value) else 0
        if not 0 < limit <= MAX_LIMIT:
            self._note(name, f"must be a whole number from 1 to {MAX_LIMIT}, not {shown(value)}.")
        return limit

    def _pairs(self, parameter: Parameter, given: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        """Return metadata pairs. A key with two values is two pairs: no object has both, as in GraphQL."""
        opening = f"{parameter.name}["
        pairs: list[dict[str, str]] = []
        for name, value in given:
            if name.startswith(opening) and name.endswith("]"):
                pairs.append({"key": name[len(opening) : -1], "value": value})
            else:
                self._note(name, f"must have the form {parameter.written}=value.")
        problems = Problems()
        inputs = [MetadataPairInput(key=pair["key"], value=pair["value"]) for pair in pairs]
        pairs_of(inputs, parameter.path, problems, HasMetadata)
        variables: dict[str, Any] = {}
        _set(variables, parameter, pairs)
        self._note_all(problems, parameter, variables)
        return pairs

    def _note(self, name: str, message: str, code: str = ErrorCode.FIELD_INVALID) -> None:
        """Note a problem. `message` lacks its subject."""
        written = shortened(name)
        self._add(ValidationProblem(written, code, f"{_subject(written)} {message}"))

    def _note_all(self, problems: Problems, parameter: Parameter, variables: Mapping[str, Any]) -> None:
        for found in problems.found:
            self._add(problem_of_argument(found, [parameter], variables))

    def _add(self, problem: ValidationProblem | None) -> None:
        if problem is not None:
            self._found.setdefault(problem)


def _set(variables: dict[str, Any], parameter: Parameter, value: object) -> None:
    *outer, last = parameter.path
    inner = variables
    for part in outer:
        inner = inner.setdefault(part, {})
    inner[last] = value


def _written(part: bytes) -> str:
    """Return the name of a parameter with malformed encoding as far as it can be read."""
    return unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")).decode(errors="replace")


def _subject(name: str) -> str:
    return f'The parameter "{name}"'
