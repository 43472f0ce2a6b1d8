"""What the fields of contacts and departments may say."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.contact_fields import CONTACT
from app.domain.department_fields import DEPARTMENT, ean
from app.domain.errors import ErrorCode, LimitProblem, Problem
from app.domain.members import MemberKind, read_change

CONTACT_TEXTS = ("email", "phone")
DEPARTMENT_TEXTS = ("po_number", "ean_number", "address", "city", "postal_code", "country_code")


def changed(kind: MemberKind, **sent: Any) -> dict[str, object]:
    change, problems = read_change(kind, {"id": str(uuid4()), **sent})
    assert problems == []
    return dict(change.values)


def problems_of(kind: MemberKind, **sent: Any) -> list[Problem]:
    return read_change(kind, {"id": str(uuid4()), **sent})[1]


@pytest.mark.parametrize(("kind", "texts"), [(CONTACT, CONTACT_TEXTS), (DEPARTMENT, DEPARTMENT_TEXTS)])
@pytest.mark.parametrize("nothing", [None, "", " \t\n"])
def test_null_or_a_blank_text_unsets_what_may_be_unset(
    kind: MemberKind, texts: tuple[str, ...], nothing: str | None
) -> None:
    assert changed(kind, **dict.fromkeys(texts, nothing)) == dict.fromkeys(texts)


@pytest.mark.parametrize(
    ("kind", "fixed"),
    [(CONTACT, ["name", "is_default_for_customer"]), (DEPARTMENT, ["name", "is_default", "is_active"])],
    ids=["contact", "department"],
)
def test_the_name_and_the_flags_can_not_be_unset(kind: MemberKind, fixed: list[str]) -> None:
    attributes = [name for name, field in kind.fields.items() if not field.clearable]
    problems = problems_of(kind, **dict.fromkeys(attributes))
    assert [(problem.code, problem.path) for problem in problems] == [
        (ErrorCode.FIELD_NOT_CLEARABLE, (name,)) for name in fixed
    ]
    assert [problem.code for problem in problems_of(kind, name=" ")] == [ErrorCode.FIELD_REQUIRED]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CONTACT, "name"),
        (CONTACT, "phone"),
        (DEPARTMENT, "name"),
        (DEPARTMENT, "po_number"),
        (DEPARTMENT, "address"),
        (DEPARTMENT, "city"),
        (DEPARTMENT, "postal_code"),
    ],
)
def test_a_text_is_trimmed_and_has_at_most_255_characters(kind: MemberKind, name: str) -> None:
    assert changed(kind, **{name: f" {'å' * 255} "}) == {name: "å" * 255}
    (problem,) = problems_of(kind, **{name: "å" * 256})
    assert isinstance(problem, LimitProblem)
    assert (problem.code, problem.limit, problem.actual) == (ErrorCode.FIELD_TOO_LONG, 255, 256)
    assert [problem.code for problem in problems_of(kind, **{name: "a\0b"})] == [ErrorCode.FIELD_INVALID]


@pytest.mark.parametrize("email", ["ann", "ann@", "@example.com", "ann@example..com", "a b@example.com"])
def test_an_email_address_must_look_like_one(email: str) -> None:
    assert [(problem.code, problem.path[0]) for problem in problems_of(CONTACT, email=email)] == [
        (ErrorCode.FIELD_INVALID, "email")
    ]
    assert changed(CONTACT, email=" Ann@Example.com ") == {"email": "Ann@Example.com"}


@pytest.mark.parametrize("code", ["D", "DKK", "XX", "ZZ", "d!"])
def test_a_country_must_be_known(code: str) -> None:
    assert [(problem.code, problem.path[0]) for problem in problems_of(DEPARTMENT, country_code=code)] == [
        (ErrorCode.FIELD_INVALID, "country_code")
    ]
    assert changed(DEPARTMENT, country_code=" dk ") == {"country_code": "DK"}


@pytest.mark.parametrize("known", ["5790000000005", "5798000420366", "4006381333931", "0000000000000"])
def test_a_known_ean_is_taken_as_it_is(known: str) -> None:
    assert changed(DEPARTMENT, ean_number=f" {known} ") == {"ean_number": known}


@pytest.mark.parametrize(
    "other",
    ["5790000000004", "579000000000", "57900000000050", "579000000000x", "5790 00000005", "٥٧٩٠٠٠٠٠٠٠٠٠٥"],
)
def test_an_ean_that_is_none_is_rejected(other: str) -> None:
    assert [(problem.code, problem.path[0]) for problem in problems_of(DEPARTMENT, ean_number=other)] == [
        (ErrorCode.FIELD_INVALID, "ean_number")
    ]


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_exactly_one_check_digit_makes_twelve_digits_an_ean(digits: str) -> None:
    assert [ean(f"{digits}{check}") is not None for check in range(10)].count(True) == 1


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.integers(0, 12), st.integers(1, 9))
def test_one_digit_misread_is_noticed(digits: str, place: int, off: int) -> None:
    valid = next(number for check in range(10) if (number := f"{digits}{check}") and ean(number))
    misread = f"{valid[:place]}{(int(valid[place]) + off) % 10}{valid[place + 1 :]}"
    assert ean(misread) is None
