"""Read filters and orders of lists: return a condition and an order, or note problems."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from app.db.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Equals,
    GroupHasMetadata,
    HasContact,
    HasId,
    HasMetadata,
    HasParent,
    HasSubscription,
    HasWords,
    InRange,
    IsOneOf,
    NameBeginsWith,
    Negation,
)
from app.db.customers import CustomerSort
from app.db.search import MAX_WORDS
from app.domain.customer_fields import FIELDS
from app.domain.errors import Path
from app.domain.texts import prefix_form, stored_form, words_of
from app.graphql.arguments import MOST_CHARACTERS, Problems, filled, identifier, identifiers, stored_keys
from app.graphql.metadata_pairs import pairs_of
from app.graphql.strawberry_seam import names_of_input
from app.graphql.types.customer_filter import CustomerFilter, CustomerOrder
from app.graphql.types.enums import OrderDirection
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup
from app.graphql.types.ranges import DateTimeRange

MAX_CONDITIONS = 50
MAX_SORTS = 3
_CODES = {"country_code": (2, "two letters, such as DK"), "default_currency": (3, "three letters, such as DKK")}
# Columns of texts that are compared ignoring case, and of keys that are given as lists.
_FORMS = {name: f"{name}_form" for name in ("email", "vat_number", "postal_code", "city")}
_KEYS = {"customer_numbers": "customer_number", "external_system_ids": "external_system_id"}
# Of a field that can be unset, null asks for just that.
_NULLABLE = frozenset(name for name, field in FIELDS.items() if field.clearable)
_NOT_NULL = "must not be null, because the field always has a value. Leave it out for no condition."
_LEAVE_OUT = "; leave it out for no condition"
_BY_NUMBER = ((CustomerSort.NUMBER, False),)


def sorts_of(order: list[CustomerOrder] | None, problems: Problems) -> tuple[tuple[CustomerSort, bool], ...]:
    """Return the columns to sort by, each with whether it descends. Default: the customer number."""
    sorts = tuple((sort.field, sort.direction is OrderDirection.DESC) for sort in order or ())
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


def lookup_key(by: CustomerLookup | CustomerGroupLookup, problems: Problems) -> tuple[str, str | UUID]:
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
        found = tuple(condition for condition in self._each(where, path) if condition is not None)
        return found[0] if len(found) == 1 else AllOf(found) if found else None

    def _each(self, where: CustomerFilter, path: Path) -> Iterator[Condition | None]:
        # Most of the many fields are left out. An input's attributes are in the order of its fields.
        for attribute, given in [entry for entry in vars(where).items() if entry[1] is not None]:
            at = (*path, _FILTER_NAMES[attribute])
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                if self._conditions == MAX_CONDITIONS + 1:
                    self._problems.add(at, f"exceeds the limit of {MAX_CONDITIONS} conditions in a filter.")
                return
            if given.value is None and attribute == "search":
                continue
            if given.value is None and attribute not in _NULLABLE:
                self._problems.add(at, _NOT_NULL)
            else:
                is_unset = given.value is None
                yield (
                    Equals(_FORMS.get(attribute, attribute), None)
                    if is_unset
                    else self._condition(attribute, given.value, at)
                )

    def _condition(self, attribute: str, value: Any, at: Path) -> Condition | None:
        match attribute:
            case "and_":
                return AllOf(self._all(value, at))
            case "or_":
                return AnyOf(self._all(value, at))
            case "not_":
                return Negation(self.read(value, at) or AllOf(()))
            case _ if isinstance(value, list):
                return self._listed(attribute, cast("list[Any]", value), at)
            case "created_at" | "updated_at":
                return InRange(attribute, *self._bounds(value, at))
            case _:
                return self._single(attribute, value, at)

    def _listed(self, attribute: str, values: list[Any], at: Path) -> Condition:
        if attribute == "metadata":
            return AllOf(pairs_of(values, at, self._problems, HasMetadata))
        if attribute == "ids":
            return HasId(identifiers(values, at, self._problems))
        return IsOneOf(_KEYS[attribute], stored_keys(values, at, self._problems))

    def _single(self, attribute: str, value: Any, at: Path) -> Condition | None:
        match attribute:
            case "has_parent":
                return HasParent(value)
            case "is_active" | "customer_type" | "vat_zone" | "billing_relationship" | "consolidation_mode":
                return Equals(attribute, value)
            case "subscription_status":
                return HasSubscription(value)
            case "customer_group_id" | "parent_customer_id":
                found = identifier(value, at, self._problems)
                return found and Equals(attribute, found)
            case "search" if not stored_form(value, most=MOST_CHARACTERS):
                # An empty search box.
                return None
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
                if len(words) > MAX_WORDS:
                    self._problems.add(at, f"must hold at most {MAX_WORDS} words, not {len(words)}.")
                # A search box in which nobody has typed a word yet.
                return HasWords(words) if 0 < len(words) <= MAX_WORDS else None
            case "country_code" | "default_currency":
                letters, form = _CODES[attribute]
                if len(text) != letters or not (text.isascii() and text.isalpha()):
                    self._problems.add(at, f"must be {form}.")
                return Equals(attribute, text.upper())
            case "contact_email":
                return HasContact(text)
            case _:
                form = _FORMS.get(attribute)
                return Equals(form, prefix_form(text)) if form else Equals(attribute, text)

    def _bounds(self, given: DateTimeRange, at: Path) -> Iterator[datetime | None]:
        for name, bound in (("gte", given.gte), ("lt", given.lt)):
            if bound is not None and bound.value is None:
                self._problems.add((*at, name), _NOT_NULL)
            yield bound.value if bound is not None else None

    def _all(self, filters: list[CustomerFilter], at: Path) -> tuple[Condition, ...]:
        read = (self.read(nested, (*at, place)) for place, nested in enumerate(filters))
        return tuple(condition or AllOf(()) for condition in read)


_FILTER_NAMES = {attribute: name for name, attribute in _fields(CustomerFilter).items()}
