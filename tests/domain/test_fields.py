"""The forms of a customer's values: what is stored of them, and what is refused."""

from decimal import Decimal
from uuid import UUID

import pytest

from app.domain import fields, metadata_fields
from app.domain.errors import ErrorCode, LimitProblem
from app.graphql.arguments import Problems, filled
from tests.support.customer_values import code_of, problem_of, read

GROUP = "0198c0de-0000-7000-8000-000000000000"


def test_texts_are_trimmed_and_otherwise_kept_as_they_are():
    assert read(name="  Søren  & Æbler ", external_system_id=" aB-1 ") == {
        "name": "Søren  & Æbler",
        "external_system_id": "aB-1",
    }


@pytest.mark.parametrize(
    ("name", "most"), [("customer_number", 50), ("name", 255), ("external_system_id", 255), ("notes", 10_000)]
)
def test_a_text_is_measured_in_characters_after_trimming(name: str, most: int):
    assert read(**{name: f" {'🦉' * most} "}) == {name: "🦉" * most}
    assert problem_of(**{name: "x" * (most + 1)}) == LimitProblem(
        ErrorCode.FIELD_TOO_LONG,
        (name,),
        f"must have at most {most} characters, not {most + 1}.",
        most,
        most + 1,
    )


@pytest.mark.parametrize("name", ["name", "notes", "email", "website", "country_code", "customer_number"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "half \ud83e", "\udc00 half"])
def test_what_no_column_can_hold_is_rejected(name: str, text: str):
    assert code_of(**{name: text}) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "email",
    [
        "freja@fjord.example",
        "freja+invoices@sub.fjord.dk",
        "søren@æbler.dk",
        "a@company.test",
        "x@test",
        "x@firma.local",
        "x@foo.invalid",
        "x@localhost",
        "x@intranet",
        "x@1.0.0.127.in-addr.arpa",
        f"{'x' * 64}@fjord.dk",
        '"a b"@fjord.dk',
        '"a@\\"b"@fjord.dk',
        "a@xn--a.dk",
        "a@XN--A.dk",
        "a@xn--a",
        "a@mail.xn--bler-uoa.dk",
        "xn--a@fjord.dk",
        "f@[127.0.0.1]",
        "f@[IPv6:2001:db8::1]",
    ],
)
def test_an_email_address_is_kept_as_it_was_written(email: str):
    assert read(email=f" {email} ") == {"email": email}


@pytest.mark.parametrize(
    "email",
    [
        "freja",
        "freja@",
        "@fjord.dk",
        "a b@fjord.dk",
        "Freja <f@fjord.dk>",
        "f@fjord..dk",
        "f@.dk",
        "f@-fjord.dk",
        "f..g@fjord.dk",
        ".f@fjord.dk",
        "f@fjord@dk",
        f"{'x' * 65}@fjord.dk",
        '"a b@fjord.dk',
        '"a"b@fjord.dk',
        "a@xn--.dk",
        "a@xn--a-.dk",
        "a@xn--æ.dk",
        "a@ab--c.dk",
        f"a@xn--{'a' * 60}.dk",
        "f@[127.0.0.256]",
        "f@[2001:db8::1]",
        "f@127.0.0.1]",
    ],
)
def test_what_is_no_email_address_is_rejected(email: str):
    assert code_of(email=email) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "url", ["https://fjord.example", "http://fjord.example:8080/a?b=c#d", "HTTPS://Fjord.dk", "https://æbler.dk./"]
)
def test_an_http_url_is_kept_as_it_was_written(url: str):
    assert read(website=url) == {"website": url}


@pytest.mark.parametrize(
    "url",
    [
        "fjord.example",
        "//fjord.example",
        "ftp://fjord.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://a..b",
        "https://fjord.example:99999",
        "https://[fjord",
        "https://fjord.example/a b",
        "https://fjord.example/\u202ea",
        'https://fjord.example/"',
    ],
)
def test_what_is_no_http_url_is_rejected(url: str):
    assert code_of(website=url) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "hidden",
    ["\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\u17b4", "\u200c", "\u00a0", "\u0600", "\ufff9", "\uffff"],
    ids=ascii,
)
@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("email", "a{}@c.dk"),
        ("email", "{}a@c.dk"),
        ("email", "a@c{}c.dk"),
        ("email", '"a{}"@c.dk'),
        ("website", "http://a{}.dk"),
        ("website", "http://a.dk/b{}/c"),
        ("country_code", "D{}K"),
        ("default_currency", "D{}KK"),
    ],
)
def test_a_text_with_a_syntax_holds_no_invisible_character_and_says_which_to_remove(name: str, form: str, hidden: str):
    given = form.format(hidden)
    # What is around a text is trimmed.
    if form.startswith("{}") and hidden != "\u0600":
        assert read(**{name: given}) == {name: form.format("")}
        return
    problem = problem_of(**{name: given})

    assert problem.code == ErrorCode.FIELD_INVALID
    assert f"Remove U+{ord(hidden):04X}, an invisible character or special space" in problem.message


def test_countries_and_currencies_are_stored_in_upper_case():
    assert read(country_code=" dk", default_currency="eur") == {"country_code": "DK", "default_currency": "EUR"}


@pytest.mark.parametrize("code", ["XX", "DNK", "D", "208", "ß", "\u017fe"])
def test_what_is_no_country_is_rejected_even_if_its_upper_case_would_be_one(code: str):
    assert code_of(country_code=code) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize("code", ["ABC", "DK", "kr.", "u\u017fd"])
def test_what_is_no_currency_is_rejected(code: str):
    assert code_of(default_currency=code) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("0", "0.00"),
        ("0E+99", "0.00"),
        ("1E+3", "1000.00"),
        ("12.5", "12.50"),
        ("1.50", "1.50"),
        ("1.5E+1", "15.00"),
        ("1234.5E-1", "123.45"),
        ("9999999999999.99", "9999999999999.99"),
    ],
)
def test_an_amount_is_stored_with_two_decimals(given: str, stored: str):
    fields = read(credit_limit=Decimal(given), opening_balance=-Decimal(given))

    assert str(fields["credit_limit"]) == stored
    assert str(fields["opening_balance"]) == ("0.00" if stored == "0.00" else f"-{stored}")


@pytest.mark.parametrize(
    "amount",
    [
        Decimal("0.001"),
        Decimal("0.000"),
        Decimal("12.500"),
        Decimal("1.5000E+1"),
        Decimal("12.5E-2"),
        Decimal("9999999999999.999"),
        Decimal("1E+13"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("NaN"),
        Decimal("Infinity"),
        10**400,
        1.5,
        "1",
        True,
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["credit_limit", "opening_balance"])
def test_what_the_column_can_not_hold_exactly_is_no_amount(name: str, amount: object):
    assert code_of(**{name: amount}) == ErrorCode.FIELD_INVALID


def test_a_credit_limit_is_not_negative_and_an_opening_balance_may_be():
    assert code_of(credit_limit=Decimal("-0.01")) == ErrorCode.FIELD_INVALID
    assert read(opening_balance=Decimal("-0.01")) == {"opening_balance": Decimal("-0.01")}


@pytest.mark.parametrize(("name", "least", "most"), [("payment_terms", 0, 365), ("billing_day", 1, 28)])
def test_days_have_bounds(name: str, least: int, most: int):
    assert [read(**{name: value}) for value in (least, most)] == [{name: least}, {name: most}]
    assert {code_of(**{name: value}) for value in (least - 1, most + 1, True, "1", 1.0)} == {ErrorCode.FIELD_INVALID}


@pytest.mark.parametrize("name", ["customer_group_id", "parent_customer_id", "parent_invoice_template_id"])
def test_ids_are_uuids_in_either_case(name: str):
    assert read(**{name: GROUP.upper()}) == {name: UUID(GROUP)}
    assert read(**{name: UUID(GROUP)}) == {name: UUID(GROUP)}
    for value in ("", "1", GROUP.replace("-", ""), f"{{{GROUP}}}", GROUP.replace("0198c0de", "0_98c0de"), 1):
        assert code_of(**{name: value}) == ErrorCode.FIELD_INVALID


@pytest.mark.parametrize(
    "name", ["customer_type", "vat_zone", "billing_relationship", "payment_term_type", "consolidation_mode"]
)
def test_an_unknown_value_of_an_enumeration_is_rejected_with_those_that_there_are(name: str):
    problem = problem_of(**{name: "NONE"})

    assert problem.code == ErrorCode.FIELD_INVALID
    assert problem.message.startswith("must be one of ")


@pytest.mark.parametrize("name", ["is_active", "include_child_details_pdf"])
def test_flags_are_true_or_false(name: str):
    assert read(**{name: False}) == {name: False}
    assert {code_of(**{name: value}) for value in (0, "false")} == {ErrorCode.FIELD_INVALID}


def test_decimals_that_are_written_are_counted_even_if_they_are_zeros():
    problem = problem_of(credit_limit=Decimal("12.500"))

    assert problem.message == (
        "has 3 decimals; at most 2 are allowed, even if they are zeros."
        " A point separates decimals; nothing separates thousands."
    )


@pytest.mark.parametrize(
    "blank",
    [
        "\u200b",
        "\ufeff\u200d",
        "\u2060 \u00ad",
        "\u3164",
        "\u2800",
        "\x07",
        "\U000e0020",
        "\ufff9\ufffa \ufffb",
        "\ufdd0",
        "\uffff\U0010fffe",
        "\U00013430",
        "\U00013430\ufe0f \U00013438",
    ],
    ids=ascii,
)
def test_a_text_without_a_visible_character_is_blank(blank: str):
    assert read(email=blank, external_system_id=blank) == {"email": None, "external_system_id": None}
    assert code_of(name=blank) == ErrorCode.FIELD_REQUIRED
    assert code_of(customer_number=blank) == ErrorCode.FIELD_REQUIRED


@pytest.mark.parametrize("name", ["customer_number", "external_system_id", "name", "vat_number", "notes", "address"])
def test_what_is_invisible_around_a_text_is_trimmed(name: str):
    assert read(**{name: "\ufeff\u200b A-17\u200b\u00a0\u2028\x7f"}) == {name: "A-17"}


@pytest.mark.parametrize("name", ["customer_number", "external_system_id"])
@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u00ad",
        "\ufeff",
        "\n",
        "\u200d",
        "\u202e",
        "\ufff9",
        "\u0600",
        "\ufdd0",
        "\U0010ffff",
        "\u00a0",
        "\u2800",
    ],
    ids=ascii,
)
def test_a_key_holds_no_invisible_character_and_no_white_space_but_plain_spaces(name: str, hidden: str):
    problem = problem_of(**{name: f"A{hidden}17"})

    assert problem.code == ErrorCode.FIELD_INVALID
    assert problem.message.startswith(f"must not contain U+{ord(hidden):04X}: keys can't hold invisible characters")
    assert read(**{name: "A 17"}) == {name: "A 17"}


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
        "ක්\u200dෂ",
        "🏴\U000e0067\U000e0062\U000e007f",
    ],
    ids=ascii,
)
def test_joiners_and_variation_selectors_belong_to_a_name(name: str):
    assert read(name=f" {name} ") == {"name": name}


def test_a_text_is_stored_in_normal_form_c_and_otherwise_as_it_was_typed():
    assert read(name="Zoe\u0308 ﬁ ½ Ⅳ STRAẞE") == {"name": "Zoë ﬁ ½ Ⅳ STRAẞE"}
    assert read(external_system_id="A\u030a-Ab") == {"external_system_id": "Å-Ab"}


@pytest.mark.parametrize("text", ["é" + " " * 899_990, " " * 899_990, "\0" * 899_990])
def test_a_text_of_a_megabyte_is_rejected_for_its_length_without_being_searched(
    text: str, monkeypatch: pytest.MonkeyPatch
):
    def search(value: str) -> bool:
        raise AssertionError(len(value))

    monkeypatch.setattr(fields, "is_storable", search)
    monkeypatch.setattr(metadata_fields, "is_storable", search)

    assert code_of(name=text) == code_of(customer_number=text) == code_of(email=text) == ErrorCode.FIELD_TOO_LONG
    assert "1 to 128" in str(metadata_fields.search_key_problem(text))
    problems = Problems()
    assert filled(text, ("where", "search"), problems) is None
    assert "at most 255" in problems.found[0]["message"]
