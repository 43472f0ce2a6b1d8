"""Read filters and orders of lists: return a condition and an order, or note problems."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.db.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Equals,
    GroupHasMetadata,
    HasId,
    HasMetadata,
    HasParent,
    HasWords,
    IsOneOf,
    NameBeginsWith,
    Negation,
)
from app.db.customers import CustomerSort
from app.db.search import MAX_WORDS
from app.domain.customer_fields import FIELDS
from app.domain.metadata import MAX_FILTER_PAIRS, MAX_VALUE_CHARACTERS, canonical_text, pair_digest
from app.domain.metadata_fields import search_key_problem
from app.domain.texts import stored_form, words_of
from app.graphql.arguments import Path, Problems, filled, identifier, identifiers
from app.graphql.codes import FieldCode
from app.graphql.strawberry_seam import names_of_input
from app.graphql.types.customer_filter import CustomerFilter, CustomerOrder, MetadataPairInput
from app.graphql.types.enums import OrderDirection
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup

MAX_CONDITIONS = 50
MAX_SORTS = 3
_COUNTRY_LETTERS = 2
# Of a field that can be unset, null asks for just that.
_NULLABLE = frozenset(name for name, field in FIELDS.items() if field.clearable)
_NOT_NULL = "must not be null, because the field always has a value. Leave it out for no condition."
_LEAVE_OUT = "; leave it out for no condition"
_BY_NUMBER = ((CustomerSort.NUMBER, False),)


def sorts_of(order: list[CustomerOrder] | None, problems: Problems) -> tuple[tuple[CustomerSort, bool], ...]:
    """Return the columns to sort by, each with whether it descends. Default: the customer number."""
    sorts = tuple((each.field, each.direction is OrderDirection.DESC) for each in order or ())
    if len(sorts) > MAX_SORTS or len({field for field, _ in sorts}) < len(sorts):
        problems.add(("orderBy",), f"must name at most {MAX_SORTS} fields, each once.")
        return _BY_NUMBER
    return sorts or _BY_NUMBER


def condition_of(where: CustomerFilter | None, problems: Problems) -> Condition | None:
    """Return the condition of a filter; None for no condition."""
    return _Reading(problems).read(where, ("where",)) if where else None


def status_condition(statuses: Sequence[str] | None) -> Condition | None:
    """Return the condition that a status is in a list; None for no condition. An empty list matches nothing."""
    return None if statuses is None else IsOneOf("status", tuple(statuses))


def list_condition_of(where: CustomerGroupFilter | LedgerAccountFilter | None, problems: Problems) -> Condition | None:
    """Return the condition of a filter of groups or accounts; None for no condition."""
    if not where:
        return None
    found: list[Condition] = []
    for name, attribute in _fields(type(where)).items():
        given, path = getattr(where, attribute), ("where", name)
        if given is None:
            continue
        if given.value is None:
            problems.add(path, _NOT_NULL)
        elif attribute == "ids":
            found.append(HasId(identifiers(given.value, path, problems)))
        elif attribute == "number":
            found.append(Equals("number", filled(given.value, path, problems, advice=_LEAVE_OUT)))
        elif attribute == "name_prefix":
            found.append(NameBeginsWith(filled(given.value, path, problems, advice=_LEAVE_OUT) or ""))
        else:
            found += pairs_of(given.value, path, problems, GroupHasMetadata)
    return AllOf(tuple(found)) if found else None


def key_of(by: CustomerLookup | CustomerGroupLookup, problems: Problems) -> tuple[str, str | UUID]:
    """Return the column and value of a lookup by one of several unique keys."""
    for name, attribute in _fields(type(by)).items():
        given = getattr(by, attribute)
        if given is not None:
            path = ("by", name)
            value = (
                identifier(given.value, path, problems) if attribute == "id" else filled(given.value, path, problems)
            )
            problems.reject_if_any()
            assert value is not None  # noqa: S101 - a value without a problem
            return attribute, value
    msg = "the schema lets exactly one key through"
    raise AssertionError(msg)


def pairs_of(
    pairs: list[MetadataPairInput], path: Path, problems: Problems, has_pair: Callable[[bytes], Condition]
) -> tuple[Condition, ...]:
    """Return a condition for each metadata pair, of what `has_pair` makes of its digest, or problems."""
    if len(pairs) > MAX_FILTER_PAIRS:
        problems.add(
            path,
            f"has {len(pairs)} pairs; at most {MAX_FILTER_PAIRS} are allowed.",
            FieldCode.METADATA_FILTER_LIMIT_EXCEEDED,
        )
        return ()
    found: list[Condition] = []
    for place, pair in enumerate(pairs):
        # A key is stored in its form; one that an older release stored is in the form in which it was sent.
        digests = dict.fromkeys(_pair(pair, (*path, place), problems))
        conditions = tuple(map(has_pair, digests))
        found += conditions if len(conditions) <= 1 else (AnyOf(conditions),)
    return tuple(found)


def _pair(pair: MetadataPairInput, path: Path, problems: Problems) -> tuple[bytes, ...]:
    """Return the digests of a pair, with the key as it is stored and as it was sent."""
    if message := search_key_problem(pair.key):
        problems.add((*path, "key"), message)
        return ()
    try:
        text = canonical_text(pair.value)
    except ValueError as error:
        problems.add((*path, "value"), f"{error}.")
        return ()
    if isinstance(pair.value, str) and (len(text) > MAX_VALUE_CHARACTERS or "\0" in text):
        problems.add((*path, "value"), f"must have at most {MAX_VALUE_CHARACTERS} characters, none of them U+0000.")
        return ()
    return pair_digest(stored_form(pair.key), pair.value), pair_digest(pair.key, pair.value)


@lru_cache
def _fields(kind: type) -> dict[str, str]:
    return names_of_input(kind)


class _Reading:
    """Reads one filter, however deep, and notes all of its problems."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._conditions = 0

    def read(self, where: CustomerFilter, path: Path) -> Condition | None:
        """Return the conjunction of a filter's conditions."""
        found = tuple(each for each in self._each(where, path) if each is not None)
        return found[0] if len(found) == 1 else AllOf(found) if found else None

    def _each(self, where: CustomerFilter, path: Path) -> Iterator[Condition | None]:
        # Most of the many fields are left out. An input's attributes are in the order of its fields.
        for attribute, given in [each for each in vars(where).items() if each[1] is not None]:
            at = (*path, _FILTER_NAMES[attribute])
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                if self._conditions == MAX_CONDITIONS + 1:
                    self._problems.add(at, f"exceeds the limit of {MAX_CONDITIONS} conditions in a filter.")
                return
            if given.value is None and attribute not in _NULLABLE:
                self._problems.add(at, _NOT_NULL)
            else:
                yield self._condition(attribute, given.value, at)

    def _condition(self, attribute: str, value: Any, at: Path) -> Condition | None:  # noqa: PLR0911 - one per kind of field
        if value is None:
            return Equals(attribute, None)
        match attribute:
            case "and_":
                return AllOf(self._all(value, at))
            case "or_":
                return AnyOf(self._all(value, at))
            case "not_":
                return Negation(self.read(value, at) or AllOf(()))
            case "ids":
                return HasId(identifiers(value, at, self._problems))
            case "metadata":
                return AllOf(pairs_of(value, at, self._problems, HasMetadata))
            case "has_parent":
                return HasParent(value)
            case "is_active" | "customer_type":
                return Equals(attribute, value)
            case "customer_group_id" | "parent_customer_id":
                found = identifier(value, at, self._problems)
                return found and Equals(attribute, found)
            case _:
                text = filled(value, at, self._problems, advice=_LEAVE_OUT)
                return self._about(attribute, text, at) if text else None

    def _about(self, attribute: str, text: str, at: Path) -> Condition | None:
        """Return the condition on a text that is not blank."""
        match attribute:
            case "name_prefix":
                return NameBeginsWith(text)
            case "search":
                words = words_of(text)
                if not 1 <= len(words) <= MAX_WORDS:
                    self._problems.add(at, f"must hold 1 to {MAX_WORDS} words, not {len(words)}.")
                    return None
                return HasWords(words)
            case "country_code":
                if len(text) != _COUNTRY_LETTERS or not (text.isascii() and text.isalpha()):
                    self._problems.add(at, "must be two letters, such as DK.")
                return Equals(attribute, text.upper())
            case _:
                return Equals(attribute, text)

    def _all(self, filters: list[CustomerFilter], at: Path) -> tuple[Condition, ...]:
        read = (self.read(each, (*at, place)) for place, each in enumerate(filters))
        return tuple(each or AllOf(()) for each in read)


_FILTER_NAMES = {attribute: name for name, attribute in _fields(CustomerFilter).items()}
