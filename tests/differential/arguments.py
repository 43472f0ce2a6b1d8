"""Which arguments a random field is given, and how many rows it may then have."""

from dataclasses import dataclass
from typing import NamedTuple

from tests.differential.chance import Chance
from tests.differential.contract import FieldOf, Place, TypeOf
from tests.differential.inputs import Inputs, Use

_MOST_ROWS = 16
"""The rows of the innermost lists together, as far as bounds can say."""
_USUAL_ROWS = 10
"""What a list counts for that is not bounded: most of the companies' lists are shorter."""
_CONDITION = Use(
    Place("Directive", "if", TypeOf("Boolean!", required=True, item=None, name="Boolean"), has_default=False)
)


class Bounded(NamedTuple):
    """The text of a field's arguments, the rows that they let through, and whether a variable chooses the page."""

    text: str
    rows: int
    pages: bool


@dataclass(frozen=True, slots=True)
class Arguments:
    """Chooses arguments that keep answers small."""

    chance: Chance
    inputs: Inputs

    def condition(self) -> str:
        """The value of @skip or @include."""
        return self.inputs.literal(_CONDITION)

    def of(self, edge: FieldOf, rows: int, key: str) -> Bounded:
        """The arguments of a field that so many rows have."""
        if not edge.arguments:
            return Bounded("", rows, pages=False)
        most = max(1, _MOST_ROWS // rows)
        names = {place.name for place in edge.arguments}
        chosen = self._chosen(names, most)
        usual = not chosen & {"where", "orderBy"}
        cursors = tuple(self.inputs.company.cursors.get(f"{edge.owner}.{edge.name}", ())) if usual else ()
        texts = list[str]()
        for place in edge.arguments:
            if place.required or place.name in chosen:
                bounds = place.name in {"first", "last"} and most < _USUAL_ROWS
                use = Use(place, most, cursors, key, only_required=bounds)
                texts.append(f"{place.name}: {self.inputs.literal(use)}")
        text = f"({', '.join(texts)})" if texts else ""
        if "first" not in names:
            return Bounded(text, rows, pages=False)
        bound = min(5, most) if chosen & {"first", "last"} else _USUAL_ROWS
        return Bounded(text, rows * bound, pages=any(text.startswith(("after: $", "before: $")) for text in texts))

    def _chosen(self, names: set[str], most: int) -> set[str]:
        backward = "last" in names and self.chance.one_in(4)
        odds = {
            "first": 25 if backward else 2,
            "last": 1 if backward else 25,
            "after": 10 if backward else 3,
            "before": 2 if backward else 10,
            "where": 2,
            "orderBy": 2,
            "status": 2,
        }
        chosen = {name for name in sorted(names) if name in odds and self.chance.one_in(odds[name])}
        if most < _USUAL_ROWS and "first" in names and not backward:
            chosen.add("first")
        return chosen
