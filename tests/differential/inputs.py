"""The values that a random document gives: literals, variables, and objects that are partly variables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, cast

from tests.differential import edge_cases
from tests.differential.chance import Chance
from tests.differential.contract import Contract, Place, TypeOf
from tests.differential.world import Company

_NO_ID = "00000000-0000-4000-8000-000000000000"
_UNKNOWN_REPRESENTATIONS: tuple[dict[str, Any], ...] = (
    {"__typename": "Customer", "id": _NO_ID},
    {"__typename": "CustomerGroup", "number": "no such"},
    {"__typename": "Customer", "externalSystemId": None},
    {"__typename": "Contact", "id": _NO_ID, "id_": 1},
)
_UNKNOWN_TEXTS = ("no such", "a", "%", *edge_cases.TEXTS)
_REFUSED_TEXTS = ("", " \t", "a\0b", "x" * 300, "!?")
_UNKNOWN_CURSORS = ("", "AAAA", "not a cursor", "🙂")
_WILD_ROWS = (500, 501, -1, 2**31 - 1, 100)
_ODD_VALUES: tuple[Any, ...] = ("", 0, 1.5, [], {}, [[None]], "5", True)


class Token(str):
    """What stands in a document as it is: an enumeration's value, a variable, a number spelled in its own way."""

    __slots__ = ()


class Mode(Enum):
    """Where a value is going to stand."""

    LITERAL = auto()
    """In the document, where parts of it may be variables."""
    CONSTANT = auto()
    """In the document, as a default."""
    PLAIN = auto()
    """Among the variables of a request."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """A cursor that the list of this response key had in the answer before, whichever by its place."""

    key: str
    place: int


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a value is given, and what is sensible there."""

    place: Place
    most_rows: int = 1
    cursors: tuple[str, ...] = ()
    """Those that fit the list, as far as they are known."""
    key: str = ""
    """The response key of the field."""
    only_required: bool = False
    """Whether neither null nor nothing may be given."""

    def shares_with(self, other: "Use") -> bool:
        """Whether one variable may serve both places."""
        if self.is_cursor:
            return self == other
        mine, theirs = self.place, other.place
        return (
            (mine.name, mine.type, mine.has_default) == (theirs.name, theirs.type, theirs.has_default)
            and self.most_rows >= other.most_rows
            and self.only_required >= other.only_required
        )

    @property
    def is_cursor(self) -> bool:
        """Whether a cursor is given here."""
        return self.place.name in {"after", "before"}

    @property
    def waits(self) -> bool:
        """Whether a cursor is given here that only an answer can tell."""
        return self.is_cursor and not self.cursors


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the operation."""

    name: str
    type: str
    default: str | None
    use: Use
    of: TypeOf

    @property
    def definition(self) -> str:
        """As the operation defines it."""
        return f"${self.name}: {self.type}" + ("" if self.default is None else f" = {self.default}")


@dataclass(slots=True)
class Inputs:
    """Makes values, and keeps the variables that they need."""

    chance: Chance
    contract: Contract
    company: Company
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])

    def literal(self, use: Use) -> str:
        """A value as it stands in the document."""
        return written(self._part(use, use.place.type, Mode.LITERAL, 0, odds=3), ascii_only=self.chance.one_in(2))

    def given(self, variable: Variable) -> dict[str, Any]:
        """What one request gives for a variable: a value, null where it may, or nothing at all."""
        nullable = not variable.type.endswith("!")
        if (nullable or variable.default is not None) and self.chance.one_in(4):
            return {}
        if self.chance.one_in(150):
            return {variable.name: self.chance.pick(_ODD_VALUES)}
        if nullable and self.chance.one_in(10):
            return {variable.name: None}
        return {variable.name: self._value(variable.use, variable.of, Mode.PLAIN, 0)}

    def _part(self, use: Use, of: TypeOf, mode: Mode, depth: int, *, odds: int) -> Any:
        if mode is Mode.LITERAL and (use.waits or self.chance.one_in(odds)):
            return self._variable(use, of)
        if not of.required and not use.only_required and self.chance.one_in(25):
            return None
        return self._value(use, of, mode, depth)

    def _variable(self, use: Use, of: TypeOf) -> Token:
        known = [
            variable.name for variable in self.variables.values() if variable.of == of and use.shares_with(variable.use)
        ]
        if known and self.chance.one_in(2):
            return Token(f"${self.chance.pick(known)}")
        form = 2 if use.is_cursor else self.chance.below(2 if use.only_required else 4)
        default = written(self._value(use, of, Mode.CONSTANT, 0)) if form in {1, 3} else None
        # One that may be null fits where null is allowed, or where a default steps in.
        nullable = form == 3 or (form == 2 and (not of.required or use.place.has_default))
        type_ = of.nullable_text if nullable else f"{of.nullable_text}!"
        variable = Variable(f"v{len(self.variables)}", type_, default, use, of)
        self.variables[variable.name] = variable
        return Token(f"${variable.name}")

    def _value(self, use: Use, of: TypeOf, mode: Mode, depth: int) -> Any:
        if of.name == "CustomerOrder" and of.item is not None:
            return self._orders(mode)
        if of.item is not None:
            return self._list(use, of.item, mode, depth)
        if of.name in self.contract.enums:
            return _name(self.chance.pick(self.contract.enums[of.name]), mode)
        if of.name == "MetadataPairInput":
            return self._pair(mode)
        if of.name in self.contract.inputs:
            return self._object(of, mode, depth)
        return self._scalar(use, of)

    def _list(self, use: Use, item: TypeOf, mode: Mode, depth: int) -> Any:
        if self.chance.one_in(8):
            return self._value(use, item, mode, depth)  # one item stands for the list of it
        count = self.chance.pick((1, 1, 2, 3, 0))
        items = replace(use, only_required=True)
        return [self._part(items, item, mode, depth, odds=6) for _ in range(count)]

    def _orders(self, mode: Mode) -> Any:
        fields = list(self.contract.enums["CustomerOrderField"])
        orders = list[Any]()
        for _ in range(self.chance.pick((2, 1, 2, 3, 1, 0))):
            order: dict[str, Any] = {"field": _name(fields.pop(self.chance.below(len(fields))), mode)}
            if not self.chance.one_in(3):
                direction = self._input_field("CustomerOrder", "direction")
                order["direction"] = self._part(direction, direction.place.type, mode, 0, odds=4)
            orders.append(order)
        if self.chance.one_in(30):
            orders.append(orders[0] if orders else {"field": _name("NAME", mode)})
        return orders[0] if len(orders) == 1 and self.chance.one_in(3) else orders

    def _object(self, of: TypeOf, mode: Mode, depth: int) -> dict[str, Any]:
        fields = self.contract.inputs[of.name].fields
        one_of = self.contract.inputs[of.name].one_of
        if depth > 1:
            fields = [field for field in fields if field.type.name != of.name]
        count = 1 if one_of else self.chance.pick((1, 1, 2, 3, 0))
        chosen = dict.fromkeys(self.chance.pick(fields) for _ in range(count))
        uses = [Use(place, only_required=one_of) for place in chosen]
        return {use.place.name: self._part(use, use.place.type, mode, depth + 1, odds=5) for use in uses}

    def _pair(self, mode: Mode) -> dict[str, Any]:
        key, value = "no such", self.chance.pick(("", 5, True, "gold"))
        if self.company.pairs and not self.chance.one_in(8):
            key, value = self.chance.pick(self.company.pairs)
        if mode is not Mode.PLAIN and isinstance(value, float) and self.chance.one_in(2):
            return {"key": key, "value": Token(f"{value:.3e}")}
        if mode is Mode.LITERAL and self.chance.one_in(5):
            use = self._input_field("MetadataPairInput", "value")
            return {"key": key, "value": self._variable(use, use.place.type)}
        return {"key": key, "value": value}

    def _scalar(self, use: Use, of: TypeOf) -> Any:
        match of.name:
            case "Boolean":
                return self.chance.one_in(2)
            case "Int":
                return self._rows(use)
            case "MetadataValue":
                return self.chance.pick([value for _, value in self.company.pairs] or [1.5])
            case "_Any":
                return self._representation()
            case _ if use.is_cursor:
                return self._cursor(use)
            case _:
                return self._text(use, of)

    def _representation(self) -> Any:
        known: Sequence[Any] = self.company.values["Query.representations"]
        if known and not self.chance.one_in(8):
            return self.chance.pick(known)
        return (
            self.chance.pick(_UNKNOWN_REPRESENTATIONS) if not self.chance.one_in(8) else self.chance.pick(_ODD_VALUES)
        )

    def _rows(self, use: Use) -> int:
        if self.chance.one_in(40):
            return self.chance.pick(_WILD_ROWS)
        return self.chance.pick([rows for rows in (2, 1, 3, 5, 0) if rows <= use.most_rows])

    def _cursor(self, use: Use) -> str | None:
        if self.chance.one_in(20):
            return self.chance.pick(_UNKNOWN_CURSORS)
        return self.chance.pick(use.cursors) if use.cursors else None

    def _text(self, use: Use, of: TypeOf) -> str:
        if of.name == "DateTime":
            return self.chance.pick(edge_cases.TIMES)
        known: Sequence[str] = self.company.values.get(f"{use.place.owner}.{use.place.name}", ())
        if known and not self.chance.one_in(8):
            return self.chance.pick(known)
        if self.chance.one_in(6):
            return self.chance.pick(_REFUSED_TEXTS)
        return _NO_ID if of.name == "ID" else self.chance.pick(_UNKNOWN_TEXTS)

    def _input_field(self, owner: str, name: str) -> Use:
        return Use(next(field for field in self.contract.inputs[owner].fields if field.name == name))


def written(value: Any, *, ascii_only: bool = True) -> str:
    """A value as GraphQL writes it."""
    match value:
        case Token():
            return str(value)
        case list():
            return "[" + ", ".join(written(item, ascii_only=ascii_only) for item in cast("list[Any]", value)) + "]"
        case dict():
            fields = cast("dict[str, Any]", value).items()
            return "{" + ", ".join(f"{name}: {written(member, ascii_only=ascii_only)}" for name, member in fields) + "}"
        case _:
            return json.dumps(value, ensure_ascii=ascii_only)


def _name(value: str, mode: Mode) -> str:
    return value if mode is Mode.PLAIN else Token(value)
