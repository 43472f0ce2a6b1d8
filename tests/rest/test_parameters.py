"""What the parameters of a request stand for, and why they are rejected: all problems at once."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.metadata import MAX_FILTER_PAIRS
from app.domain.metadata_fields import search_key_problem
from app.rest.parameters import MAX_PARAMETERS, NO_ID, Kind, Parameter, problem_of_argument, variables_of
from app.rest.problems import Invalid, ValidationProblem, in_one_message, validation_errors

PARAMETERS = (
    Parameter("customerNumber", "query", "where.customerNumber", Kind.TEXT, ""),
    Parameter("externalSystemId", "query", "where.externalSystemId", Kind.TEXT, ""),
    Parameter("metadata", "query", "where.metadata", Kind.PAIRS, ""),
    Parameter("limit", "query", "first", Kind.COUNT, ""),
    Parameter("after", "query", "after", Kind.CURSOR, ""),
)
CUSTOMER_ID = Parameter("customerId", "path", "id", Kind.ID, "")
KNOWN = "customerNumber, externalSystemId, metadata[key], limit, after"
UUID = "0198c0de-0000-7000-8000-000000000000"
KEYS = st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda key: search_key_problem(key) is None)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def read(query: str | bytes, parameters: Sequence[Parameter] = PARAMETERS) -> dict[str, object]:
    """The variables of a query."""
    return variables_of(parameters, {}, query.encode() if isinstance(query, str) else query)


def told(query: str | bytes, parameters: Sequence[Parameter] = PARAMETERS) -> list[tuple[str, str, str]]:
    """The problems of a query."""
    with pytest.raises(Invalid) as rejected:
        read(query, parameters)
    return [*rejected.value.problems]


def properties(query: str | bytes) -> list[tuple[str, str]]:
    """The properties and codes of the problems of a query."""
    return [(name, code) for name, code, _ in told(query)]


def test_parameters_become_the_variables_that_they_are_declared_with() -> None:
    found = read("customerNumber=7&externalSystemId=crm-1&metadata[tier]=gold&limit=50&after=abc")

    pairs = [{"key": "tier", "value": "gold"}]
    where = {"customerNumber": "7", "externalSystemId": "crm-1", "metadata": pairs}
    assert found == {"where": where, "first": 50, "after": "abc"}


@pytest.mark.parametrize("query", ["", "&", "&&"])
def test_without_parameters_no_variable_has_a_value(query: str) -> None:
    assert read(query) == {}


def test_values_of_the_path_are_variables_too() -> None:
    found = variables_of((CUSTOMER_ID, *PARAMETERS), {"customerId": UUID}, b"limit=1")

    assert found == {"id": UUID, "first": 1}


@pytest.mark.parametrize(
    "value", ["", "7", "x" * 40, UUID[:-1], f"{UUID}0", f"{UUID}\0", f" {UUID}", f"{UUID}\n", f"{UUID}%2F", "\ud800"]
)
def test_a_malformed_id_in_the_path_is_that_of_no_object(value: str) -> None:
    assert variables_of([CUSTOMER_ID], {"customerId": value}, b"") == {"id": NO_ID}


@pytest.mark.parametrize("value", ["%", "%zz", "a%2", "%f", "%ff", "%c3", "%%20"])
def test_malformed_encoding_is_a_problem_of_its_parameter(value: str) -> None:
    message = 'The parameter "customerNumber" must be UTF-8 with percent-encoding.'
    assert told(f"customerNumber={value}") == [("customerNumber", "FIELD_INVALID", message)]


def test_problems_of_the_query_are_told_before_the_path_is_looked_up() -> None:
    with pytest.raises(Invalid):
        variables_of((CUSTOMER_ID, *PARAMETERS), {"customerId": "7"}, b"limit=0")


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        ("metadata[tier]=gold", "tier", "gold"),
        ("metadata%5Btier%5D=gold", "tier", "gold"),
        ("metadata%5btier%5d=gold", "tier", "gold"),
        ("metadata[a.b]=c.d", "a.b", "c.d"),
        ("metadata[a%5Bb%5D]=%5B%5D", "a[b]", "[]"),
        ("metadata[a][b]=c", "a][b", "c"),
        ("metadata[a]b]=c", "a]b", "c"),
        ("metadata[[]=c", "[", "c"),
        ("metadata[]]=c", "]", "c"),
        ("metadata[%C3%A6]=%C3%B8", "æ", "ø"),
        ("metadata[æ]=ø", "æ", "ø"),
        ("metadata[%F0%9F%91%A9]=%F0%9F%91%A9", "👩", "👩"),
        ("metadata[a+b]=c+d", "a b", "c d"),
        ("metadata[a%2Bb]=c%2Bd", "a+b", "c+d"),
        ("metadata[a%26b]=c%26d", "a&b", "c&d"),
        ("metadata[a%3Db]=c=d", "a=b", "c=d"),
        ("metadata[tier]=", "tier", ""),
        ("metadata[tier]", "tier", ""),
        ("metadata[tier]=%20gold ", "tier", " gold "),
        ("metadata[customerNumber]=7", "customerNumber", "7"),
    ],
)
def test_a_metadata_filter_has_its_key_in_brackets(query: str, key: str, value: str) -> None:
    assert read(query) == {"where": {"metadata": [{"key": key, "value": value}]}}


def test_a_key_that_is_given_twice_makes_two_pairs_as_in_graphql() -> None:
    found = read("metadata[a]=1&metadata[a]=2")

    assert found == {"where": {"metadata": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}}


def test_ten_metadata_pairs_are_allowed_and_eleven_are_not() -> None:
    def pairs(count: int) -> str:
        return "&".join(f"metadata[k{number}]=v" for number in range(count))

    assert len(read(pairs(MAX_FILTER_PAIRS))) == 1
    assert told(pairs(MAX_FILTER_PAIRS + 1)) == [
        ("metadata", "METADATA_FILTER_LIMIT_EXCEEDED", "Metadata has 11 pairs; at most 10 are allowed.")
    ]


@pytest.mark.parametrize("name", ["metadata", "metadata[", "metadata[tier", "metadata]", "metadata[tier]x"])
def test_a_metadata_filter_without_brackets_is_rejected(name: str) -> None:
    ((named, _, message),) = told(f"{name}=gold")

    assert named == name
    assert name == "metadata]" or message == f'The parameter "{name}" must have the form metadata[key]=value.'


@pytest.mark.parametrize(
    ("query", "named", "part"),
    [
        ("metadata[]=x", "metadata[]", 'The key of the parameter "metadata[]" must be a key of 1 to 128 visible'),
        ("metadata[%20]=x", "metadata[ ]", "must be a key of 1 to 128 visible characters"),
        ("metadata[%00]=x", "metadata[\0]", "without U+0000"),
        (f"metadata[{'k' * 151}]=x", f"metadata[{'k' * 150}…]", "must be a key of 1 to 128 visible characters"),
        ("metadata[k]=%00", "metadata[k]", "none of them U+0000"),
        (f"metadata[k]={'v' * 501}", "metadata[k]", 'The value of the parameter "metadata[k]" must have at most 500'),
    ],
)
def test_keys_and_values_that_no_object_can_have_are_rejected(query: str, named: str, part: str) -> None:
    ((name, code, message),) = told(query)

    assert (name, code) == (named, "FIELD_INVALID")
    assert part in message


@pytest.mark.parametrize("value", ["1", "2", "99", "499", "500"])
def test_a_limit_is_between_1_and_500(value: str) -> None:
    assert read(f"limit={value}") == {"first": int(value)}


@pytest.mark.parametrize(
    "value", ["", "0", "-1", "+1", "501", "1000", "9" * 5_000, "1.0", "1e2", "01", " 1", "1 ", "٣", "²", "ten", "null"]
)
def test_any_other_limit_is_rejected(value: str) -> None:
    ((name, code, message),) = told(f"limit={quote(value)}")

    assert (name, code) == ("limit", "FIELD_INVALID")
    assert message.startswith('The parameter "limit" must be a whole number from 1 to 500, not "')
    assert len(message) < 120


@pytest.mark.parametrize("name", ["customerNumber", "externalSystemId"])
@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("", "must not be blank; leave it out for no condition."),
        ("%20%C2%A0", "must not be blank; leave it out for no condition."),
        ("x" * 256, "has 256 characters; at most 255 are allowed."),
        ("a%00b", "must not contain U+0000."),
    ],
)
def test_a_text_that_nothing_can_have_is_a_problem_and_never_no_condition(name: str, value: str, part: str) -> None:
    ((named, code, message),) = told(f"{name}={value}")

    assert (named, code) == (name, "FIELD_INVALID")
    assert message.endswith(part)


def test_an_unknown_parameter_is_rejected_with_the_names_of_the_known_ones() -> None:
    assert told("page=2") == [
        ("page", "FIELD_UNKNOWN", f'The parameter "page" is unknown; the known parameters are {KNOWN}.')
    ]


def test_an_endpoint_without_parameters_in_its_query_has_none_to_name() -> None:
    with pytest.raises(Invalid) as rejected:
        variables_of([CUSTOMER_ID], {"customerId": UUID}, b"page=2")

    assert [*rejected.value.problems] == [("page", "FIELD_UNKNOWN", 'The parameter "page" is unknown: leave it out.')]


@pytest.mark.parametrize(
    "name",
    ["customernumber", "limit[x]", "limit[]", "Metadata[tier]", "metadat[tier]", "where", "first", "", "x" * 5_000],
)
def test_names_are_known_only_as_they_are_written(name: str) -> None:
    ((named, code, message),) = told(f"{name}=1")

    assert code == "FIELD_UNKNOWN"
    assert named == (name if len(name) <= 150 else f"{'x' * 150}…")
    assert message.endswith(f"{KNOWN}.")


def test_a_repeated_parameter_is_rejected_even_with_equal_values() -> None:
    assert told("customerNumber=7&limit=5&customerNumber=7&limit=5&limit=6") == [
        ("customerNumber", "FIELD_CONFLICT", 'The parameter "customerNumber" must be given once, not 2 times.'),
        ("limit", "FIELD_CONFLICT", 'The parameter "limit" must be given once, not 3 times.'),
    ]


@pytest.mark.parametrize(
    "query", [b"customerNumber=%FF", b"customerNumber=\xff", b"customerNumber=%ED%A0%80", b"customerNumber=%C3"]
)
def test_values_that_are_not_utf_8_are_rejected(query: bytes) -> None:
    assert told(query) == [
        ("customerNumber", "FIELD_INVALID", 'The parameter "customerNumber" must be UTF-8 with percent-encoding.')
    ]


def test_names_that_are_not_utf_8_are_rejected_with_what_can_be_read_of_them() -> None:
    assert properties(b"metadata[%FF]=x") == [("metadata[\ufffd]", "FIELD_INVALID")]


def test_all_problems_of_a_query_come_at_once() -> None:
    query = "page=2&customerNumber=&externalSystemId=%00&metadata[]=x&metadata[k]=%00&limit=0&limit=x&metadata=1&%FF=1"

    assert properties(query) == [
        ("page", "FIELD_UNKNOWN"),
        ("\ufffd", "FIELD_INVALID"),
        ("customerNumber", "FIELD_INVALID"),
        ("externalSystemId", "FIELD_INVALID"),
        ("metadata", "FIELD_INVALID"),
        ("metadata[]", "FIELD_INVALID"),
        ("metadata[k]", "FIELD_INVALID"),
        ("limit", "FIELD_CONFLICT"),
        ("limit", "FIELD_INVALID"),
    ]


@pytest.mark.parametrize("part", ["p{}=1", "page=1", "metadata[k{}]=v", "limit=1", "%ff", ""])
def test_a_query_has_at_most_50_parameters(part: str) -> None:
    parts = [part.format(number) for number in range(MAX_PARAMETERS + 1)]
    message = "The URL has 51 parameters; at most 50 are allowed."

    assert told("&".join(parts)) == [("", "FIELD_INVALID", message)]
    assert not part or ("", "FIELD_INVALID", message) not in told("&".join(parts[1:]))


def test_an_unknown_parameter_is_told_once() -> None:
    assert len(told("page=1&page=1&page=2")) == 1


def test_problems_that_graphql_finds_are_those_of_the_parameter() -> None:
    message = 'The argument "after" is not a cursor of this list.'
    found = {"code": "INVALID_CURSOR", "path": ["after"], "message": message}

    assert problem_of_argument(found, PARAMETERS, {}) == (
        "after",
        "INVALID_CURSOR",
        'The parameter "after" is not a cursor of this list.',
    )
    assert problem_of_argument({**found, "path": ["orderBy"]}, PARAMETERS, {}) is None


def test_problems_of_one_property_share_an_entry() -> None:
    with pytest.raises(Invalid) as rejected:
        read("limit=0&limit=x&page=1")

    assert validation_errors(rejected.value.problems) == [
        {
            "property": "page",
            "constraints": {
                "FIELD_UNKNOWN": f'The parameter "page" is unknown; the known parameters are {KNOWN}.',
            },
        },
        {
            "property": "limit",
            "constraints": {
                "FIELD_CONFLICT": 'The parameter "limit" must be given once, not 2 times.',
                "FIELD_INVALID": 'The parameter "limit" must be a whole number from 1 to 500, not "0".',
            },
        },
    ]


def test_problems_of_one_code_share_its_text_and_messages_end_after_ten() -> None:
    problems = [ValidationProblem("name", "FIELD_INVALID", f"{number}.") for number in range(11)]

    texts = [f"{number}." for number in range(11)]
    assert validation_errors(problems) == [{"property": "name", "constraints": {"FIELD_INVALID": " ".join(texts)}}]
    assert in_one_message(problems) == f"{' '.join(texts[:10])} There are more problems."
    assert in_one_message(problems[:10]) == " ".join(texts[:10])


@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=MAX_FILTER_PAIRS), st.sampled_from([quote, quote_plus]))
@example([("a]&[b", "=%+ "), ("ключ.é", "")], quote)
def test_pairs_come_back_from_any_encoding_of_them(pairs: list[tuple[str, str]], quote_via: Any) -> None:
    query = urlencode([(f"metadata[{key}]", value) for key, value in pairs], quote_via=quote_via)

    assert read(query) == {"where": {"metadata": [{"key": key, "value": value} for key, value in pairs]}}


@given(st.binary(max_size=60) | st.text("&=%[]metadlimCN0+\0é", max_size=60).map(str.encode))
def test_any_query_is_read_or_rejected_with_problems(query: bytes) -> None:
    found: dict[str, object] = {}
    problems: Sequence[ValidationProblem] | None = None
    try:
        found = read(query)
    except Invalid as rejected:
        problems = rejected.problems

    assert found.keys() <= {"where", "first", "after"}
    assert problems is None or (problems and all(problem.message.endswith(".") for problem in problems))
