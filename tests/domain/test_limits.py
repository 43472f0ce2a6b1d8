"""The limits that readers declare, for descriptions of the API, are those that they enforce."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from app.domain import account_fields, customer_fields, group_fields, subscription_fields
from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT
from app.domain.errors import Problem
from app.domain.inputs import Field
from app.domain.limits import limits_of

KINDS: dict[str, Mapping[str, Field]] = {
    "customer": customer_fields.FIELDS,
    "contact": CONTACT.fields,
    "department": DEPARTMENT.fields,
    "group": group_fields.FIELDS,
    "account": account_fields.FIELDS,
    "subscription": subscription_fields.FIELDS,
}
FIELDS = {f"{kind}.{name}": field for kind, fields in KINDS.items() for name, field in fields.items()}
LONGEST = 20_000
FORMS: dict[str, Callable[[int], str]] = {
    "idn-email": lambda length: "a@" + "".join("b" * 62 + "." for _ in range(9))[: length - 5] + "com",
    "iri": lambda length: "https://".ljust(length, "x"),
}
"""Texts of a length, by their form."""
SAMPLES = ("DK", "dk", "DKK", "dkk", "D1", "D", "DKKK", "5790000000005", "579000000000", "57900000000050", "x")


def takes(field: Field, value: object) -> bool:
    return not isinstance(field.read(value, ()), Problem)


def is_text(field: Field) -> bool:
    """Return whether any text at all is taken, other than the values of an enumeration and ids."""
    return limits_of(field.read).most_characters is not None


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if is_text(field)])
def test_a_text_may_be_as_long_as_declared_and_no_longer(name: str) -> None:
    read, limits = FIELDS[name], limits_of(FIELDS[name].read)
    assert limits.most_characters is not None
    if limits.pattern and limits.most_characters < 20:
        # A form with a length: of all samples, only those that match are taken.
        fitting = [text for text in SAMPLES if re.search(limits.pattern, text)]
        assert fitting
        assert {len(text) for text in fitting} == {limits.least_characters} == {limits.most_characters}
        assert all(takes(read, text) == (text in fitting) for text in SAMPLES)
        return
    text = FORMS.get(str(limits.form), "x".__mul__)
    assert [takes(read, text(limits.most_characters + more)) for more in (0, 1)] == [True, False]


def test_every_text_and_every_number_declares_its_limits() -> None:
    texts = [name for name, field in FIELDS.items() if takes(field, "x") and not is_text(field)]
    numbers = [name for name, field in FIELDS.items() if takes(field, 5) and limits_of(field.read).most is None]
    assert (texts, numbers) == ([], [])


NUMBERS = [name for name, field in FIELDS.items() if limits_of(field.read).most is not None]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_may_be_as_large_and_as_small_as_declared(name: str) -> None:
    read, limits = FIELDS[name], limits_of(FIELDS[name].read)
    assert limits.least is not None
    assert limits.most is not None
    step = Decimal("0.01") if takes(read, Decimal("0.01")) or isinstance(limits.most, Decimal) else 1
    ends = (limits.least - step, limits.least, limits.most, limits.most + step)
    assert [takes(read, end) for end in ends] == [False, True, True, False]


def test_an_address_and_an_id_declare_their_form() -> None:
    forms = {name: limits_of(field.read).form for name, field in FIELDS.items()}
    assert forms["customer.email"] == forms["contact.email"] == "idn-email"
    assert forms["customer.website"] == "iri"
    ids = [name for name in forms if name.endswith("_id") and not name.endswith("external_system_id")]
    assert len(ids) > 3
    assert {forms[name] for name in ids} == {"uuid"}
