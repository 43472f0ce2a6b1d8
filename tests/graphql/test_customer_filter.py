"""What `where` means: each condition alone, together, negated, unset, and what it may not say."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from graphql import GraphQLInputObjectType

from app.graphql.conditions import MAX_CONDITIONS
from app.graphql.schema import executable, schema
from app.graphql.types.scalars import SCALARS, moment_text
from tests.support.asking import Caller
from tests.support.records import Records

LIST = "query($where: CustomerFilter) { customers(where: $where) { nodes { customerNumber } totalCount } }"
CONDITIONS = cast("GraphQLInputObjectType", executable(schema).type_map["CustomerFilter"]).fields
UNSETTABLE = {
    "city",
    "consolidationMode",
    "email",
    "externalSystemId",
    "parentCustomerId",
    "postalCode",
    "vatNumber",
}
ALL = ["1", "2", "3", "4"]
Filter = dict[str, Any]
IDS = {number: UUID(int=int(number)) for number in ALL}
GROUPS = {number: UUID(int=int(number)) for number in "12"}


def days(count: int) -> datetime:
    """Return a time some days after the start."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=count)


async def found(caller: Caller, where: Filter | None) -> list[str]:
    """The numbers of the customers that a filter finds; the count must agree."""
    page = (await caller.data(LIST, where=where))["customers"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["customerNumber"] for node in page["nodes"]]


@pytest.fixture
async def stored(records: Records) -> None:
    """A parent, its child, and two more, in two groups."""
    for number, group in GROUPS.items():
        await records.group(id=group, number=f"G{number}")
    rows: list[dict[str, Any]] = [
        {
            "name": "Ærø Færge",
            "external_system_id": "crm:1",
            "metadata": {"tier": "gold", "n": 5},
            "email": "Bogholderi@Færge.example",
            "vat_number": "DK 12 34",
            "consolidation_mode": "PER_CHILD_INVOICE",
        },
        {
            "name": "Ærlig Talt",
            "parent_customer_id": IDS["1"],
            "metadata": {"tier": "gold"},
            "billing_relationship": "PARENT_PAYS",
            "email": "bogholderi@færge.example",
            "city": "Ærøskøbing",
        },
        {
            "name": "Fjord",
            "customer_type": "PRIVATE",
            "country_code": "SE",
            "external_system_id": "CRM:1",
            "vat_zone": "EU",
            "default_currency": "SEK",
            "postal_code": "SW1A 1AA",
        },
        {"name": "fjordens venner", "is_active": False, "metadata": {"n": "5"}},
    ]
    for number, row in zip(ALL, rows, strict=True):
        group = GROUPS["2" if number == "4" else "1"]
        times = {"created_at": days(int(number)), "updated_at": days(10 - int(number))}
        await records.customer(id=IDS[number], customer_number=number, customer_group_id=group, **times, **row)
    await records.subscription(IDS["1"], status="ACTIVE")
    await records.subscription(IDS["1"], status="PAUSED")
    await records.subscription(IDS["3"], status="ACTIVE")
    await records.contact(IDS["2"], name="Freja", email="Freja@Example.com")
    await records.contact(IDS["4"], name="Freja", email="freja@example.com")
    await records.contact(IDS["4"], name="Bo", email=None)


FILTERS: list[tuple[Filter | None, list[str]]] = [
    (None, ALL),
    ({}, ALL),
    ({"ids": [str(IDS["3"]), str(IDS["1"]), str(IDS["3"]), str(UUID(int=404))]}, ["1", "3"]),
    ({"ids": []}, []),
    ({"customerNumber": "2"}, ["2"]),
    ({"customerNumber": " 2 "}, ["2"]),
    ({"customerNumber": "\ufeff2\u200b"}, ["2"]),
    ({"customerNumber": "02"}, []),
    ({"externalSystemId": "crm:1"}, ["1"]),
    ({"externalSystemId": "CRM:1"}, ["3"]),
    ({"externalSystemId": None}, ["2", "4"]),
    ({"metadata": [{"key": "tier", "value": "gold"}]}, ["1", "2"]),
    ({"metadata": [{"key": "n", "value": 5}]}, ["1", "4"]),
    ({"metadata": [{"key": "n", "value": 5.0}, {"key": "tier", "value": "gold"}]}, ["1"]),
    ({"metadata": [{"key": "tier", "value": "Gold"}]}, []),
    ({"metadata": [{"key": "tier", "value": ""}]}, []),
    ({"metadata": []}, ALL),
    ({"customerGroupId": str(GROUPS["2"])}, ["4"]),
    ({"customerGroupId": str(UUID(int=404))}, []),
    ({"parentCustomerId": str(IDS["1"])}, ["2"]),
    ({"parentCustomerId": None}, ["1", "3", "4"]),
    ({"hasParent": True}, ["2"]),
    ({"hasParent": False}, ["1", "3", "4"]),
    ({"isActive": True}, ["1", "2", "3"]),
    ({"isActive": False}, ["4"]),
    ({"customerType": "PRIVATE"}, ["3"]),
    ({"customerType": "BUSINESS"}, ["1", "2", "4"]),
    ({"countryCode": "SE"}, ["3"]),
    ({"countryCode": "se"}, ["3"]),
    ({"countryCode": "NO"}, []),
    ({"namePrefix": "FJORD"}, ["3", "4"]),
    ({"namePrefix": "fjorde"}, ["4"]),
    ({"namePrefix": "æR"}, ["1", "2"]),
    ({"namePrefix": "talt"}, []),
    ({"namePrefix": "%"}, []),
    ({"search": "talt ærl"}, ["2"]),
    ({"search": ""}, ALL),
    ({"search": " \t\u200b"}, ALL),
    ({"search": "-- ,."}, ALL),
    ({"search": None, "isActive": False}, ["4"]),
    ({"search": "", "isActive": False}, ["4"]),
    ({"customerNumbers": ["3", "1", " 3", "03", "404"]}, ["1", "3"]),
    ({"customerNumbers": []}, []),
    ({"externalSystemIds": ["crm:1", "crm:404"]}, ["1"]),
    ({"externalSystemIds": ["crm:1", "CRM:1", "crm:1"]}, ["1", "3"]),
    ({"externalSystemIds": []}, []),
    ({"email": "BOGHOLDERI@færge.example"}, ["1", "2"]),
    ({"email": "bogholderi"}, []),
    ({"email": None}, ["3", "4"]),
    ({"vatNumber": "dk 12 34"}, ["1"]),
    ({"vatNumber": "DK1234"}, []),
    ({"vatNumber": None}, ["2", "3", "4"]),
    ({"postalCode": "sw1a 1aa"}, ["3"]),
    ({"postalCode": None}, ["1", "2", "4"]),
    ({"city": "ÆRØSKØBING"}, ["2"]),
    ({"city": None}, ["1", "3", "4"]),
    ({"defaultCurrency": "sek"}, ["3"]),
    ({"defaultCurrency": "DKK"}, ["1", "2", "4"]),
    ({"vatZone": "EU"}, ["3"]),
    ({"vatZone": "DOMESTIC"}, ["1", "2", "4"]),
    ({"billingRelationship": "PARENT_PAYS"}, ["2"]),
    ({"billingRelationship": "SELF"}, ["1", "3", "4"]),
    ({"consolidationMode": "PER_CHILD_INVOICE"}, ["1"]),
    ({"consolidationMode": "SINGLE_INVOICE"}, []),
    ({"consolidationMode": None}, ["2", "3", "4"]),
    ({"subscriptionStatus": "ACTIVE"}, ["1", "3"]),
    ({"subscriptionStatus": "PAUSED"}, ["1"]),
    ({"subscriptionStatus": "TRIAL"}, []),
    ({"not": {"subscriptionStatus": "ACTIVE"}}, ["2", "4"]),
    ({"and": [{"subscriptionStatus": "ACTIVE"}, {"subscriptionStatus": "PAUSED"}]}, ["1"]),
    ({"contactEmail": "FREJA@example.com"}, ["2", "4"]),
    ({"contactEmail": "freja@"}, []),
    ({"not": {"contactEmail": "freja@example.com"}}, ["1", "3"]),
    ({"createdAt": {"gte": days(2).isoformat(), "lt": days(4).isoformat()}}, ["2", "3"]),
    ({"createdAt": {"gte": "2026-01-04T01:00:00+01:00"}}, ["3", "4"]),
    ({"createdAt": {"lt": "2026-01-03t00:00:00.000001z"}}, ["1", "2"]),
    ({"createdAt": {"gte": days(3).isoformat(), "lt": days(3).isoformat()}}, []),
    ({"createdAt": {"gte": days(4).isoformat(), "lt": days(1).isoformat()}}, []),
    ({"createdAt": {}}, ALL),
    ({"updatedAt": {"gte": days(8).isoformat()}}, ["1", "2"]),
    ({"not": {"updatedAt": {"gte": days(8).isoformat()}}}, ["3", "4"]),
    ({"or": [{"city": "ærøskøbing"}, {"updatedAt": {"lt": days(7).isoformat()}}]}, ["2", "4"]),
    ({"email": "bogholderi@færge.example", "billingRelationship": "SELF"}, ["1"]),
    # Conditions beside each other must all hold.
    ({"isActive": True, "hasParent": False, "namePrefix": "f"}, ["3"]),
    # AND, OR and NOT, nested and empty.
    ({"and": [{"isActive": True}, {"hasParent": True}]}, ["2"]),
    ({"or": [{"customerNumber": "1"}, {"isActive": False}]}, ["1", "4"]),
    ({"not": {"isActive": True}}, ["4"]),
    ({"and": []}, ALL),
    ({"or": []}, []),
    ({"and": [{}]}, ALL),
    ({"or": [{}, {"customerNumber": "1"}]}, ALL),
    ({"not": {}}, []),
    ({"not": {"and": []}}, []),
    ({"not": {"or": []}}, ALL),
    ({"not": {"not": {"customerNumber": "1"}}}, ["1"]),
    ({"isActive": True, "or": [{"customerNumber": "1"}, {"customerNumber": "4"}]}, ["1"]),
    ({"or": [{"and": [{"hasParent": True}]}, {"not": {"countryCode": "DK"}}]}, ["2", "3"]),
    ({"not": {"or": [{"customerNumber": "1"}, {"customerNumber": "2"}]}}, ["3", "4"]),
    # An unset value equals nothing, so it fulfills the negation of every equality.
    ({"not": {"externalSystemId": "crm:1"}}, ["2", "3", "4"]),
    ({"not": {"externalSystemId": None}}, ["1", "3"]),
    ({"not": {"parentCustomerId": str(IDS["1"])}}, ["1", "3", "4"]),
    ({"not": {"and": [{"externalSystemId": "crm:1"}, {"isActive": True}]}}, ["2", "3", "4"]),
    ({"not": {"not": {"externalSystemId": "crm:1"}}}, ["1"]),
    ({"not": {"metadata": [{"key": "tier", "value": "gold"}]}}, ["3", "4"]),
    ({"not": {"search": "fjord"}}, ["1", "2"]),
    ({"not": {"ids": []}}, ALL),
]


@pytest.mark.usefixtures("stored")
async def test_each_filter_finds_what_it_says(caller: Caller) -> None:
    for where, expected in FILTERS:
        assert await found(caller, where) == expected, where


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.123456Z"),
        ("2026-01-01T00:00:00.999999999+01:00", "2025-12-31T23:00:00.999999Z"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000000Z"),
        ("2026-12-31T23:59:60.5Z", "2027-01-01T00:00:00.000000Z"),
        (" 2026-01-01T00:00:00Z\u00a0", "2026-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_of_rfc_3339_are_read_to_the_microsecond(written: str, moment: str) -> None:
    read = SCALARS[datetime].parse_value
    assert read is not None
    assert moment_text(read(written)) == moment


def test_every_condition_that_there_is_stands_among_the_filters_above() -> None:
    assert {name for where, _ in FILTERS for name in where or ()} == set(CONDITIONS)


@pytest.mark.parametrize(
    "field",
    sorted(set(CONDITIONS) - UNSETTABLE - {"search"}),
)
async def test_null_is_rejected_for_what_can_not_be_unset(caller: Caller, field: str) -> None:
    rejection = await caller.rejection(LIST, where={field: None})
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [["where", field]]
    assert "must not be null" in rejection["message"]


TEXTS = [
    "city",
    "contactEmail",
    "countryCode",
    "customerNumber",
    "defaultCurrency",
    "email",
    "externalSystemId",
    "namePrefix",
    "postalCode",
    "vatNumber",
]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        *((field, blank, "must not be blank") for field in TEXTS for blank in ("", " \t\n", "\ufeff\u200b")),
        *((field, "a\0", "U+0000") for field in (*TEXTS, "search")),
        *((field, "a" * 256, "at most 255") for field in (*TEXTS, "search")),
    ],
)
async def test_a_text_that_says_nothing_or_too_much_is_rejected(
    caller: Caller, field: str, value: str, message: str
) -> None:
    rejection = await caller.rejection(LIST, where={"and": [{field: value}]})
    assert [problem["path"] for problem in rejection["problems"]] == [["where", "and", "0", field]]
    assert message in rejection["message"]


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ({"ids": ["x"]}, ["where", "ids", "0"]),
        ({"customerGroupId": "x"}, ["where", "customerGroupId"]),
        ({"parentCustomerId": ""}, ["where", "parentCustomerId"]),
        ({"countryCode": "DNK"}, ["where", "countryCode"]),
        ({"countryCode": "D"}, ["where", "countryCode"]),
        ({"search": " ".join(map(str, range(11)))}, ["where", "search"]),
        ({"ids": [str(UUID(int=1))] * 501}, ["where", "ids"]),
        ({"customerNumbers": ["1"] * 501}, ["where", "customerNumbers"]),
        ({"customerNumbers": ["1", " "]}, ["where", "customerNumbers", "1"]),
        ({"externalSystemIds": ["1", "a\0"]}, ["where", "externalSystemIds", "1"]),
        ({"externalSystemIds": ["a" * 256]}, ["where", "externalSystemIds", "0"]),
        ({"defaultCurrency": "kr"}, ["where", "defaultCurrency"]),
        ({"defaultCurrency": "ØRE"}, ["where", "defaultCurrency"]),
        ({"createdAt": {"gte": None}}, ["where", "createdAt", "gte"]),
        ({"updatedAt": {"lt": None}}, ["where", "updatedAt", "lt"]),
    ],
)
async def test_a_malformed_condition_is_rejected_at_its_path(caller: Caller, where: Filter, path: list[str]) -> None:
    rejection = await caller.rejection(LIST, where=where)
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [path]


async def test_values_of_a_wrong_type_are_told_before_those_that_the_field_rejects(caller: Caller) -> None:
    for where, field in (({"email": 5, "ids": ["x"]}, "email"), ({"email": "a", "ids": ["x"]}, "ids")):
        (error,) = (await caller.run(LIST, where=where)).errors or []
        assert error.extensions is not None
        assert [problem["path"][:2] for problem in error.extensions["problems"]] == [["where", field]]


async def test_500_ids_are_allowed(caller: Caller) -> None:
    assert await found(caller, {"ids": [str(UUID(int=place)) for place in range(500)]}) == []


async def test_a_filter_holds_a_bounded_number_of_conditions(caller: Caller) -> None:
    def disjunction(conditions: int) -> Filter:
        return {"or": [{"customerNumber": str(place)} for place in range(conditions - 1)]}

    assert await found(caller, disjunction(MAX_CONDITIONS)) == []
    rejection = await caller.rejection(LIST, where=disjunction(MAX_CONDITIONS + 1))
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [["where"]]
    assert rejection["message"] == "where: has 51 conditions, those within it counted; at most 50 are allowed."


async def test_conditions_of_a_literal_are_counted_when_they_are_read(caller: Caller) -> None:
    conditions = " ".join(f'{{customerNumber: "{place}"}}' for place in range(MAX_CONDITIONS))
    rejection = await caller.rejection(f"{{ customers(where: {{or: [{conditions}]}}) {{ totalCount }} }}")
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [
        ["where", "or", str(MAX_CONDITIONS - 1), "customerNumber"]
    ]
    assert f"{MAX_CONDITIONS} conditions" in rejection["message"]


async def test_a_deep_filter_is_rejected_as_a_long_one_is(caller: Caller) -> None:
    where: Filter = {"isActive": True}
    for _ in range(MAX_CONDITIONS):
        where = {"not": where}
    rejection = await caller.rejection(LIST, where=where)
    assert [problem["path"] for problem in rejection["problems"]] == [["where"]]


@pytest.mark.parametrize("code", ["D", "DNK", "12", "ß1"])
async def test_a_country_is_two_letters(caller: Caller, code: str) -> None:
    rejection = await caller.rejection(
        "query ($c: String) { customers(where: {countryCode: $c}) { totalCount } }", c=code
    )

    assert rejection["problems"][0]["path"] == ["where", "countryCode"]


@pytest.mark.parametrize("text", ["{%s}", "urn:uuid:%s", "%s0", "\u0660%s"])
async def test_an_id_is_a_uuid_in_its_usual_form(caller: Caller, text: str) -> None:
    given = text % "0198c0de-0000-7000-8000-000000000000"

    rejection = await caller.rejection("query ($id: ID!) { customer(by: {id: $id}) { id } }", id=given)

    assert rejection["problems"][0]["path"] == ["by", "id"]


async def test_a_prefix_finds_every_name_that_begins_with_it_whatever_follows(caller: Caller, records: Records) -> None:
    last, last_character = "\U0010ffff", "\U0010fffd"
    names = ["x", f"x{last_character}", f"x{last}y", f"x{last}{last}z", "y"]
    for place, name in enumerate(names):
        await records.customer(customer_number=str(place), name=name)

    assert await found(caller, {"namePrefix": "X"}) == ["0", "1", "2", "3"]
    assert await found(caller, {"namePrefix": f"x{last_character}"}) == ["1"]
    assert await found(caller, {"namePrefix": f"x{last}y"}) == ["2"]
    assert await found(caller, {"namePrefix": f"x{last}{last}z"}) == ["3"]
    # What is no character is nothing at the end of a text.
    assert await found(caller, {"namePrefix": f"x{last}"}) == ["0", "1", "2", "3"]
    assert await found(caller, {"search": "x"}) == ["0", "1", "2", "3"]
    assert await found(caller, {"search": f"x{last}y"}) == ["2"]


async def test_a_zero_width_space_parts_neither_prefixes_nor_words(caller: Caller, records: Records) -> None:
    await records.customer(customer_number="1", name="Net\u200bWorks")

    for text in ("networks", "netw", "net\u200bw"):
        assert await found(caller, {"namePrefix": text}) == ["1"]
        assert await found(caller, {"search": text}) == ["1"]
    assert await found(caller, {"search": "works"}) == []


async def test_a_metadata_key_is_found_in_its_form_and_as_an_older_release_stored_it(
    caller: Caller, records: Records
) -> None:
    await records.customer(customer_number="1", metadata={"é": 1})
    await records.customer(customer_number="2", metadata={"\ufeffe\u0301": 1})

    assert await found(caller, {"metadata": [{"key": " e\u0301", "value": 1}]}) == ["1"]
    assert await found(caller, {"metadata": [{"key": "\ufeffe\u0301", "value": 1}]}) == ["1", "2"]
    assert await found(caller, {"not": {"metadata": [{"key": "\ufeffe\u0301", "value": 1}]}}) == []


async def test_an_error_names_the_first_ten_problems_and_says_that_there_are_more(caller: Caller) -> None:
    document = "query($ids: [ID!]) { customers(where: {ids: $ids}) { totalCount } }"

    all_of_them = await caller.rejection(document, ids=["x"] * 10)
    assert [problem["path"] for problem in all_of_them["problems"]] == [
        ["where", "ids", str(place)] for place in range(10)
    ]
    assert not all_of_them["message"].endswith("There are more problems.")

    first_ones = await caller.rejection(document, ids=["x"] * 500)
    assert first_ones["problems"] == all_of_them["problems"]
    assert first_ones["message"] == all_of_them["message"] + " There are more problems."


@pytest.mark.parametrize(
    "where",
    [
        {"vatZone": "MARS"},
        {"subscriptionStatus": ["ACTIVE"]},
        {"consolidationMode": "single_invoice"},
        {"customerNumbers": [None]},
        {"createdAt": {"gt": "2026-01-01T00:00:00Z"}},
        *(
            {"updatedAt": {"gte": time}}
            for time in (
                "",
                "2026-01-01",
                "2026-01-01T00:00:00",
                "2026-01-01T24:00:00Z",
                "2026-02-30T00:00:00Z",
                "2026-W01-1T00:00:00Z",
                "2026-01-01T00:00:61Z",
                "2026-01-01T00:00:00.Z",
                "0001-01-01T00:00:00+23:59",
                "9999-12-31T23:59:59-00:01",
                "\u0662026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z\0",
                1767225600,
                True,
            )
        ),
    ],
    ids=str,
)
async def test_a_value_that_is_not_of_its_type_is_rejected(caller: Caller, where: Filter) -> None:
    assert (await caller.run(LIST, where=where)).errors
