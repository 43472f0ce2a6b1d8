"""The limits of a field, which its description, its table and its reader each state: all three are the same."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, cast

import pytest
from graphql import GraphQLInputObjectType
from sqlalchemy import CheckConstraint, Table

from app.db import tables
from app.domain import account_fields, customer_fields, group_fields, subscription_fields
from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT
from app.domain.errors import LimitProblem, Problem
from app.domain.fields import schema_name
from app.domain.inputs import Field
from app.domain.metadata import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_UNSET_KEYS, MAX_VALUE_CHARACTERS
from app.graphql.schema import executable, schema

SCHEMA = executable(schema)
Fields = Mapping[str, Field]
KINDS: dict[str, tuple[Table, Fields, tuple[str, ...]]] = {
    "customer": (
        *(tables.customers, customer_fields.FIELDS),
        ("CreateCustomerInput", "UpdateCustomerInput", "UpsertCustomerRow"),
    ),
    "contact": (tables.contacts, CONTACT.fields, ("CreateContactInput", "UpdateContactInput", "UpsertContactRow")),
    "department": (
        *(tables.departments, DEPARTMENT.fields),
        ("CreateDepartmentInput", "UpdateDepartmentInput", "UpsertDepartmentRow"),
    ),
    "group": (
        *(tables.customer_groups, group_fields.FIELDS),
        ("CreateCustomerGroupInput", "UpdateCustomerGroupInput", "UpsertCustomerGroupRow"),
    ),
    "account": (tables.ledger_accounts, account_fields.FIELDS, ("UpsertLedgerAccountRow",)),
    "subscription": (tables.subscriptions, subscription_fields.FIELDS, ("UpsertSubscriptionRow",)),
    "period": (tables.subscription_periods, subscription_fields.PERIOD_FIELDS, ("CurrentPeriodInput",)),
}
"""By kind, its table, its fields and the inputs that have them."""
FORMS = {
    "ean_number": "13 digits",
    "country_code": "two letters",
    "currency": "three letters",
    "default_currency": "three letters",
}
"""What descriptions say of texts whose form sets their length."""
TOO_LONG = 20_000


class Described(NamedTuple):
    """A field, and its description in an input."""

    name: str
    field: Field
    description: str


def described() -> Iterator[tuple[str, Described]]:
    """Return each field of each input, by its name in the schema."""
    for _, fields, inputs in KINDS.values():
        for kind in inputs:
            shown = cast("GraphQLInputObjectType", SCHEMA.type_map[kind]).fields
            for name, field in fields.items():
                if taken := shown.get(schema_name(name)):
                    yield f"{kind}.{schema_name(name)}", Described(name, field, str(taken.description))


DESCRIBED = dict(described())


def limit_of(field: Field) -> int | None:
    """Return the maximum length of a text; None for other fields."""
    found = field.read("x" * TOO_LONG, ())
    return found.limit if isinstance(found, LimitProblem) else None


def takes(field: Field, value: object) -> bool:
    return not isinstance(field.read(value, ()), Problem)


def texts(name: str) -> Callable[[int], str]:
    """Return what makes texts of a length that have the form of a field."""
    if name == "email":
        return lambda length: "a@" + "".join("b" * 62 + "." for _ in range(9))[: length - 5] + "com"
    return (lambda length: "https://".ljust(length, "x")) if name == "website" else lambda length: "x" * length


def are_taken(is_taken: Callable[[int], bool], least: int, most: int) -> bool:
    """Return whether the numbers from `least` to `most` are taken, and those beside them are not."""
    return [*map(is_taken, (least - 1, least, most, most + 1))] == [False, True, True, False]


@pytest.mark.parametrize("where", [name for name, found in DESCRIBED.items() if limit_of(found.field)])
def test_a_description_states_the_length_that_a_text_may_have(where: str) -> None:
    name, field, description = DESCRIBED[where]
    if name in FORMS:
        assert FORMS[name] in description
        return
    (stated,) = re.findall(r"(?:at most|1 to) ([\d,]+) (?:visible )?characters", description)
    text, most = texts(name), int(stated.replace(",", ""))
    assert (takes(field, text(most)), takes(field, text(most + 1))) == (True, False)


NUMBERS = [name for name, found in DESCRIBED.items() if takes(found.field, 5)]


@pytest.mark.parametrize("where", NUMBERS)
def test_a_description_states_the_bounds_of_a_number(where: str) -> None:
    _, field, description = DESCRIBED[where]
    if bounds := re.search(r"\b(\d+) to (\d+)\b", description):
        assert are_taken(lambda number: takes(field, number), int(bounds[1]), int(bounds[2]))
        return
    (stated,) = re.findall(r"at most 2 decimals and (\d+) digits before the point", description)
    assert (takes(field, 10 ** int(stated) - 1), takes(field, 10 ** int(stated))) == (True, False)
    assert (takes(field, Decimal("0.01")), takes(field, Decimal("0.001"))) == (True, False)
    assert ("at least 0" in description) is not takes(field, -1)


def test_numbers_and_texts_of_all_kinds_are_compared() -> None:
    assert len(NUMBERS) > 20
    assert len([found for found in DESCRIBED.values() if limit_of(found.field)]) > 60


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "period"])
def test_the_table_limits_a_text_as_its_field_does(kind: str) -> None:
    table, fields, _ = KINDS[kind]
    checks = {str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)}
    limits = {name: limit for name, field in fields.items() if (limit := limit_of(field))}
    assert limits
    missing = [
        f"{name} to `at_most({limit}, …)`"
        for name, limit in limits.items()
        if f"char_length({name}) BETWEEN 1 AND {limit}" not in checks
        and not any(re.match(rf"{name} ~ |\w+_is_valid\({name}\)", check) for check in checks)
    ]
    assert missing == [], (
        f"Add {' and '.join(missing)} of {table.name} in app/db/tables.py."
        " tests/db/test_migrations.py then says what the migration lacks."
    )


METADATA = re.compile(
    r"(\d+) entries|keys of 1 to (\d+) |each of 1 to (\d+) |strings of at most (\d+) |At most (\d+) \("
)


def test_descriptions_state_the_limits_of_metadata() -> None:
    inputs = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLInputObjectType)]
    stated = {
        numbers
        for kind in inputs
        for name, taken in kind.fields.items()
        if name.startswith("metadata") and not kind.name.endswith("Filter")
        for numbers in METADATA.findall(str(taken.description))
    }
    found = {(place, int(number)) for numbers in stated for place, number in enumerate(numbers) if number}
    assert found == {
        (0, MAX_ENTRIES),
        (1, MAX_KEY_CHARACTERS),
        (2, MAX_KEY_CHARACTERS),
        (3, MAX_VALUE_CHARACTERS),
        (4, MAX_UNSET_KEYS),
    }
