"""Random documents over the real schema, valid by construction, each with the requests that run it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from app.domain.identity import Scope
from tests.differential.applications import GRAPHQL
from tests.differential.arguments import Arguments, Bounded
from tests.differential.chance import Chance
from tests.differential.contract import Contract, FieldOf, ObjectOf
from tests.differential.inputs import Harvest, Inputs, Use
from tests.differential.selections import Field, Fragment, Inline, Selection, Shape, Spread, written
from tests.differential.world import Company

_DEEPEST = 5
_TRANSPARENT = ("Connection", "Edge", "PageInfo")
"""How types end that lead to no further row; they don't count as depth."""
_BYTES = (200, 600)
"""What a document is decided by, least and most; those that need more end with the plainest choices."""
_ROOT_WEIGHTS = {"viewer": 1, "customers": 12}
"""How much likelier than others root fields are, 5 being usual."""
_SIZES = (4, 6, 8, 12, 16, 40)
"""How many selections a document has, about."""
_LONG_KEY = "a_key_of_more_than_sixty_three_bytes_which_is_all_that_a_name_may_have_in_sql"
_SCOPES = (
    *[(Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ)] * 14,
    *[(Scope.CUSTOMERS_READ,)] * 4,
    tuple(Scope),
    (Scope.CUSTOMERS_WRITE, Scope.ACCOUNTS_READ),
    (Scope.ACCOUNTS_READ,),
    (Scope.CUSTOMERS_WRITE,),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a document; a variable may be a cursor that is only known from the answer before."""

    company: str
    scopes: tuple[Scope, ...]
    variables: Mapping[str, Any]
    operation: str | None
    accept: str


@dataclass(frozen=True, slots=True)
class Example:
    """A document, and what it is asked with, in this order."""

    document: str
    calls: Sequence[Call]


@dataclass(slots=True)
class _Writer:
    """Writes one operation and its fragments."""

    chance: Chance
    contract: Contract
    inputs: Inputs
    arguments: Arguments
    size: int
    """How many selections are yet to be written, about."""
    fragments: list[Fragment] = field(default_factory=list[Fragment])
    _aliases: int = 0

    def selections(self, of: ObjectOf, shape: Shape, depth: int, rows: int) -> list[Selection]:
        """At least one selection of an object; leaves alone where it is deep."""
        if self.size <= 0 and of.leaves:
            return [self._placed(of.leaves[0].name, "", shape, None)]
        found = list[Selection]()
        for _ in range(1 + self.chance.below(3 if of.name == "Query" else 5)):
            if found and self.size <= 0:
                break
            self.size -= 1
            found += self._selection(of, shape, depth, rows)
        return found

    def _selection(self, of: ObjectOf, shape: Shape, depth: int, rows: int) -> Sequence[Selection]:
        roll = self.chance.below(24)
        edges = of.edges if depth > 0 or of.name.endswith(_TRANSPARENT) else ()
        # The root has one leaf, and all else below its edges.
        of_edges = range(17) if of.name == "Query" else range(10, 18)
        if edges and (roll in of_edges or (not of.leaves and roll not in range(18, 23))):
            return [self._edge(of, edges, shape, depth, rows)]
        match roll:
            case 18:
                return [self._leaf("__typename", shape)]
            case 19 | 20:
                condition = of.name if self.chance.one_in(2) else None
                return [Inline(condition, self._directives(), self.selections(of, shape, depth, rows))]
            case 21 | 22:
                return [Spread(self._fragment(of, shape, depth, rows), self._directives())]
            case 23:
                return [self._placed(leaf.name, "", shape, None) for leaf in of.leaves]
            case _:
                leaf = self.chance.pick(of.leaves)
                return [self._leaf(leaf.name, shape, self._maxima(leaf))]

    def _leaf(self, name: str, shape: Shape, arguments: str = "") -> Field:
        return self._placed(name, arguments, shape, self._alias(name, shape), self._directives())

    def _maxima(self, leaf: FieldOf) -> str:
        """The arguments of a count."""
        if not leaf.arguments or self.chance.one_in(2):
            return ""
        given = (f"{place.name}: {self.inputs.literal(Use(place, 5))}" for place in leaf.arguments)
        return f"({', '.join(given)})"

    def _edge(self, of: ObjectOf, edges: Sequence[FieldOf], shape: Shape, depth: int, rows: int) -> Field:
        # Of an abstract type, two selections would seldom fit together.
        known = {edge.name: edge for edge in edges if not self.contract.objects[edge.type.name].possible}
        again = [(key, entry) for key, entry in shape.entries.items() if entry.name in known]
        if again and self.chance.one_in(3):
            # The same field once more: both selections are merged.
            key, entry = self.chance.pick(again)
            edge, alias = known[entry.name], None if key == entry.name else key
            bounded = Bounded(entry.arguments, rows, pages=False)
        else:
            edge = self.chance.pick(self._likely(of, edges))
            alias = self._alias(edge.name, shape)
            bounded = self.arguments.of(edge, rows, alias or edge.name)
        placed = self._placed(edge.name, bounded.text, shape, alias, self._directives())
        below = self.contract.objects[edge.type.name]
        inner = shape.add(placed)
        selections = self._cursors(inner) if bounded.pages else []
        deeper = depth - (not below.name.endswith(_TRANSPARENT))
        if below.possible:
            selections += self._possible(below, inner, deeper, bounded.rows)
        else:
            selections += self.selections(below, inner, deeper, bounded.rows)
        return Field(placed.alias, placed.name, placed.arguments, placed.directives, selections)

    def _possible(self, of: ObjectOf, shape: Shape, depth: int, rows: int) -> list[Selection]:
        """Selections of an abstract type: what it is called and shows by itself, and much of one type that it may
        be."""
        concrete = self.contract.objects[self.chance.pick(of.possible)]
        names = ["__typename", *(leaf.name for leaf in of.leaves)]
        found: list[Selection] = [self._leaf(name, shape) for name in names if self.chance.one_in(2)]
        return [*found, Inline(concrete.name, self._directives(), self.selections(concrete, shape, depth, rows))]

    @staticmethod
    def _likely(of: ObjectOf, edges: Sequence[FieldOf]) -> Sequence[FieldOf]:
        """The edges, as often as they are worth being asked for; who is asking is never planned, so that is rare."""
        if of.name != "Query":
            return edges
        return [edge for edge in edges for _ in range(_ROOT_WEIGHTS.get(edge.name, 5))]

    def _cursors(self, shape: Shape) -> list[Selection]:
        """What the next request may take a cursor from."""
        page_info = Field(None, "pageInfo", "", "", [Field(None, "endCursor", "", "", None)])
        edges = Field(None, "edges", "", "", [Field(None, "cursor", "", "", None)])
        chosen = self.chance.pick((page_info, edges))
        shape.add_all([chosen])
        return [chosen]

    def _placed(self, name: str, arguments: str, shape: Shape, alias: str | None, directives: str = "") -> Field:
        if not shape.takes(alias or name, name, arguments):
            self._aliases += 1
            alias = f"other{self._aliases}"
        found = Field(alias, name, arguments, directives, None)
        shape.add(found)
        return found

    def _alias(self, name: str, shape: Shape) -> str | None:
        if not self.chance.one_in(5):
            return None
        return self.chance.pick(("a", "name", "nodes", "_", "id", name.upper(), _LONG_KEY, *list(shape.entries)[:2]))

    def _directives(self) -> str:
        if not self.chance.one_in(12):
            return ""
        names = self.chance.pick((("include",), ("skip",), ("skip", "include")))
        return "".join(f" @{name}(if: {self.arguments.condition()})" for name in names)

    def _fragment(self, of: ObjectOf, shape: Shape, depth: int, rows: int) -> Fragment:
        known = [
            fragment
            for fragment in self.fragments
            if fragment.on == of.name and fragment.depth <= depth and rows <= fragment.rows
            if shape.takes_all(Shape().add_all(fragment.selections))
        ]
        if known and self.chance.one_in(2):
            fragment = self.chance.pick(known)
            shape.add_all(fragment.selections)
            return fragment
        selections = self.selections(of, shape, depth, rows)
        fragment = Fragment(f"F{len(self.fragments)}", of.name, selections, depth, rows)
        self.fragments.append(fragment)
        return fragment


def examples(contract: Contract, companies: Mapping[str, Company], names: Sequence[str]) -> st.SearchStrategy[Example]:
    """Documents about one of the companies of these names, and one to three requests of each."""
    # One draw and not one per decision: Hypothesis would spend most examples on copying decisions within the one
    # before.
    return st.binary(min_size=_BYTES[0], max_size=_BYTES[1]).map(
        lambda entropy: _example(Chance(entropy), contract, companies, names)
    )


def _example(chance: Chance, contract: Contract, companies: Mapping[str, Company], names: Sequence[str]) -> Example:
    name = chance.pick(names)
    inputs = Inputs(chance, contract, companies[name])
    writer = _Writer(chance, contract, inputs, Arguments(chance, inputs), size=chance.pick(_SIZES))
    selections = writer.selections(contract.objects["Query"], Shape(), _DEEPEST, 1)
    definitions = ", ".join(variable.definition for variable in inputs.variables.values())
    operation = chance.pick((None, None, None, "Asked"))
    head = "query" + (f" {operation}" if operation else "") + (f"({definitions})" if definitions else "")
    parts = [f"{head} {written(selections)}"]
    parts += [
        f"fragment {fragment.name} on {fragment.on} {written(fragment.selections)}" for fragment in writer.fragments
    ]
    if operation and chance.one_in(2):
        parts.append("query Other { __typename }")
    # Where a cursor is a variable, a second request can give one that the first was answered with.
    least = 1 + any(variable.use.is_cursor for variable in inputs.variables.values())
    count = least + chance.pick((0, 0, 0, 1))
    calls = [_call(chance, inputs, name, names, operation, again=place > 0) for place in range(count)]
    return Example("\n".join(parts), calls)


def _call(
    chance: Chance, inputs: Inputs, name: str, names: Sequence[str], operation: str | None, *, again: bool
) -> Call:
    variables = dict[str, Any]()
    for variable in inputs.variables.values():
        use: Use = variable.use
        if again and use.is_cursor and not chance.one_in(3):
            variables[variable.name] = Harvest(use.key, chance.below(4))
        else:
            variables |= inputs.given(variable)
    return Call(
        company=chance.pick(names) if again and chance.one_in(6) else name,
        scopes=chance.pick(_SCOPES),
        variables=variables,
        operation=chance.pick((operation, operation, operation, "Other" if operation else None)),
        accept=chance.pick((GRAPHQL, GRAPHQL, "application/json", "*/*")),
    )
