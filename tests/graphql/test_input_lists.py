"""Lists among arguments: each has a maximum, all together have one, more is rejected before an item is looked at."""

import json
import re
from typing import Any, cast
from uuid import UUID

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_introspection_type,
)

from app.graphql.maxima import MAPS, MAXIMA
from app.graphql.schema import executable, schema
from tests.support.asking import Caller

SCHEMA = executable(schema)
FILTERED = "query($w: CustomerFilter) { customers(where: $w) { totalCount } }"
GROUPS = "query($w: CustomerGroupFilter) { customerGroups(where: $w) { id } }"
BEFORE: dict[str, tuple[str, dict[str, Any], str]] = {
    "Query.customers(orderBy:)": (
        "query($by: [CustomerOrder!]) { customers(orderBy: $by) { totalCount } }",
        {"by": [7] * 4},
        "orderBy: has 4 items; at most 3 are allowed.",
    ),
    "Query.changes(types:)": (
        'query($t: [ChangeEventType!]) { changes(after: "", types: $t) { endCursor } }',
        {"t": ["NONE"] * 51},
        "types: has 51 items; at most 50 are allowed.",
    ),
    "Subscription.changes(types:)": (
        "subscription($t: [ChangeEventType!]) { changes(types: $t) { id } }",
        {"t": ["NONE"] * 51},
        "types: has 51 items; at most 50 are allowed.",
    ),
    "Subscription.changes(customerIds:)": (
        "subscription($ids: [ID!]) { changes(customerIds: $ids) { id } }",
        {"ids": [{}] * 101},
        "customerIds: has 101 items; at most 100 are allowed.",
    ),
    "Query.changes(customerIds:)": (
        'query($ids: [ID!]) { changes(after: "", customerIds: $ids) { endCursor } }',
        {"ids": [{}] * 101},
        "customerIds: has 101 items; at most 100 are allowed.",
    ),
    "Query.nodes(ids:)": (
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        {"ids": [{}] * 501},
        "ids: has 501 items; at most 500 are allowed.",
    ),
    "Customer.subscriptions(status:)": (
        "query($s: [SubscriptionStatus!]) { customers { nodes { subscriptions(status: $s) { id } } } }",
        {"s": ["NONE"] * 9},
        "status: has 9 items; at most 8 are allowed.",
    ),
    "Customer.subscriptionsConnection(status:)": (
        "query($s: [SubscriptionStatus!]) { customers { nodes { subscriptionsConnection(status: $s) { totalCount } } } }",
        {"s": ["NONE"] * 9},
        "status: has 9 items; at most 8 are allowed.",
    ),
    "CustomerFilter.and": (FILTERED, {"w": {"and": [7] * 51}}, "where.and: has 51 items; at most 50 are allowed."),
    "CustomerFilter.or": (
        FILTERED,
        {"w": {"not": {"and": [{}, {"or": [7] * 51}]}}},
        "where.not.and.1.or: has 51 items; at most 50 are allowed.",
    ),
    "Customer.children(orderBy:)": (
        'query($by: [CustomerOrder!]) { customer(by: {customerNumber: "1"}) { children(orderBy: $by) { totalCount } } }',
        {"by": [7] * 4},
        "orderBy: has 4 items; at most 3 are allowed.",
    ),
    "CustomerGroup.customers(orderBy:)": (
        "query($by: [CustomerOrder!]) { customerGroups { customers(orderBy: $by) { totalCount } } }",
        {"by": [7] * 4},
        "orderBy: has 4 items; at most 3 are allowed.",
    ),
    "CustomerFilter.customerNumbers": (
        FILTERED,
        {"w": {"customerNumbers": [{}] * 501}},
        "where.customerNumbers: has 501 items; at most 500 are allowed.",
    ),
    "CustomerFilter.externalSystemIds": (
        FILTERED,
        {"w": {"externalSystemIds": [{}] * 501}},
        "where.externalSystemIds: has 501 items; at most 500 are allowed.",
    ),
    "CustomerFilter.ids": (FILTERED, {"w": {"ids": [{}] * 501}}, "where.ids: has 501 items; at most 500 are allowed."),
    "CustomerFilter.metadata": (
        FILTERED,
        {"w": {"metadata": [7] * 11}},
        "where.metadata: has 11 items; at most 10 are allowed.",
    ),
    "CustomerGroupFilter.ids": (
        GROUPS,
        {"w": {"ids": [{}] * 501}},
        "where.ids: has 501 items; at most 500 are allowed.",
    ),
    "CustomerGroupFilter.metadata": (
        GROUPS,
        {"w": {"metadata": [7] * 11}},
        "where.metadata: has 11 items; at most 10 are allowed.",
    ),
    "LedgerAccountFilter.ids": (
        "query($w: LedgerAccountFilter) { ledgerAccounts(where: $w) { id } }",
        {"w": {"ids": [{}] * 501}},
        "where.ids: has 501 items; at most 500 are allowed.",
    ),
}
"""For each list that is rejected before its operation runs: one that is too long, of items that don't fit its type."""
ID = str(UUID(int=1))
PREVIEW = "query($i: UpdateCustomerInput!) { a: billingTransitionPreview(input: $i) { errors { code path message } } }"
READ: dict[str, tuple[str, dict[str, Any], str]] = {
    "UpdateCustomerInput.metadataUnset": (
        PREVIEW,
        {"id": ID, "metadataUnset": [""] * 501},
        "METADATA_LIMIT_EXCEEDED input.metadataUnset Metadata unset must have at most 500 keys, not 501.",
    ),
    "UpdateCustomerInput.subscriptionTransitions": (
        PREVIEW,
        {"id": ID, "subscriptionTransitions": [{"subscriptionId": "x"}] * 5_001},
        "FIELD_TOO_LONG input.subscriptionTransitions Subscription transitions must name at most 5,000 subscriptions, not 5,001.",
    ),
    "UpdateCustomerInput.metadata": (
        PREVIEW,
        {"id": ID, "metadata": {str(n): [] for n in range(5_000)}},
        "METADATA_LIMIT_EXCEEDED input.metadata Metadata must have at most 50 entries, not 5000.",
    ),
    "UpdateCustomerInput.metadataSet": (
        PREVIEW,
        {"id": ID, "metadataSet": {str(n): [] for n in range(5_000)}},
        "METADATA_LIMIT_EXCEEDED input.metadataSet Metadata set must have at most 50 entries, not 5000.",
    ),
    "UpdateCustomerGroupInput.metadataUnset": (
        "mutation($i: UpdateCustomerGroupInput!) { a: updateCustomerGroup(input: $i) { errors { code path message } } }",
        {"id": ID, "metadataUnset": [""] * 501},
        "METADATA_LIMIT_EXCEEDED input.metadataUnset Metadata unset must have at most 500 keys, not 501.",
    ),
    "UpsertCustomersInput.rows": (
        "mutation($i: UpsertCustomersInput!) { a: upsertCustomers(input: $i) { errors { code path message } } }",
        {"rows": [{"email": "x"}] * 501},
        "FIELD_TOO_LONG input.rows Rows must be a list of at most 500 rows, not 501: send several lists.",
    ),
    "UpsertCustomerRow.metadataUnset": (
        "mutation($i: UpsertCustomersInput!) { a: upsertCustomers(input: $i) { errors { code path message } } }",
        {"matchBy": "CUSTOMER_NUMBER", "rows": [{"customerNumber": "known", "metadataUnset": [""] * 501}]},
        "METADATA_LIMIT_EXCEEDED input.rows.0.metadataUnset Metadata unset must have at most 500 keys, not 501.",
    ),
    "UpsertCustomerGroupRow.metadataUnset": (
        "mutation($i: UpsertCustomerGroupsInput!) { a: upsertCustomerGroups(input: $i) { errors { code path message } } }",
        {"rows": [{"number": "1", "metadataUnset": [""] * 501}]},
        "METADATA_LIMIT_EXCEEDED input.rows.0.metadataUnset Metadata unset must have at most 500 keys, not 501.",
    ),
    "UpsertCustomerRow.subscriptionTransitions": (
        "mutation($i: UpsertCustomersInput!) { a: upsertCustomers(input: $i) { errors { code path message } } }",
        {"rows": [{"externalSystemId": "a", "subscriptionTransitions": [{"subscriptionId": "x"}] * 5_001}]},
        "FIELD_TOO_LONG input.rows.0.subscriptionTransitions Subscription transitions must name at most 5,000 subscriptions, not 5,001.",
    ),
    **{
        f"Upsert{kind}Input.rows": (
            f"mutation($i: Upsert{kind}Input!) {{ a: upsert{kind}(input: $i) {{ errors {{ code path message }} }} }}",
            {"rows": [{"name": ""}] * 501},
            "FIELD_TOO_LONG input.rows Rows must be a list of at most 500 rows, not 501: send several lists.",
        )
        for kind in ("Contacts", "Departments", "CustomerGroups")
    },
    "UpsertLedgerAccountsInput.rows": (
        "mutation($i: UpsertLedgerAccountsInput!) { a: upsertLedgerAccounts(input: $i) { errors { code path message } } }",
        {"rows": [{"number": ""}] * 501},
        "FIELD_TOO_LONG input.rows Rows must be a list of at most 500 rows, not 501: send several lists.",
    ),
    **{
        f"{verb}WebhookEndpointInput.types": (
            f"mutation($i: {verb}WebhookEndpointInput!) {{ a: {field}(input: $i) {{ errors {{ code path message }} }} }}",
            {**given, "types": ["CUSTOMER_CREATED"] * 51},
            "FIELD_TOO_LONG input.types Types must have at most 50 types, not 51.",
        )
        for verb, field, given in (
            ("Create", "createWebhookEndpoint", {"url": "https://receiver.example/"}),
            ("Update", "updateWebhookEndpoint", {"id": ID}),
        )
    },
    "UpsertSubscriptionsInput.rows": (
        "mutation($i: UpsertSubscriptionsInput!) { a: upsertSubscriptions(input: $i) { errors { code path message } } }",
        {"rows": [{"name": ""}] * 501},
        "FIELD_TOO_LONG input.rows Rows must be a list of at most 500 rows, not 501: send several lists.",
    ),
}
"""For each list that is rejected as data: one that is too long, of items that each have a problem."""


def lists() -> dict[str, tuple[str, bool]]:
    """Every argument and input field of the schema that holds a list or a map, with its description and whether it is a
    list."""
    found: dict[str, tuple[str, bool]] = {}
    for kind in SCHEMA.type_map.values():
        if is_introspection_type(kind):
            continue
        if isinstance(kind, GraphQLInputObjectType):
            taken = {f"{kind.name}.{name}": declared for name, declared in kind.fields.items()}
        elif isinstance(kind, GraphQLObjectType):
            shown = kind.fields.items()
            taken = {
                f"{kind.name}.{name}({a}:)": declared for name, field in shown for a, declared in field.args.items()
            }
        else:
            continue
        for name, declared in taken.items():
            nullable = cast("object", get_nullable_type(declared.type))
            if isinstance(nullable, GraphQLList) or str(nullable) in MAPS:
                found[name] = declared.description or "", isinstance(nullable, GraphQLList)
    return found


def test_every_list_of_the_schema_has_a_maximum() -> None:
    assert {name for name, (_, is_list) in lists().items() if is_list} == MAXIMA.keys()


@pytest.mark.parametrize("name", lists())
def test_every_description_of_a_list_names_its_maximum(name: str) -> None:
    description, is_list = lists()[name]
    most = (MAXIMA[name] if is_list else MAPS["Metadata"]).most
    assert re.search(rf"(at most|1 to) {most:,}\b", description, re.IGNORECASE), description


def test_every_list_has_an_example_below() -> None:
    # Of representations, tests/graphql/test_entities.py has one.
    known = {*BEFORE, *READ, "Query._entities(representations:)"}
    assert MAXIMA.keys() <= known
    assert all(not MAXIMA[name].is_read for name in BEFORE)


@pytest.mark.parametrize("name", BEFORE)
async def test_a_list_that_is_too_long_is_rejected_before_its_items_are_coerced(caller: Caller, name: str) -> None:
    document, variables, message = BEFORE[name]

    rejection = await caller.rejection(document, **variables)

    assert rejection["message"] == message
    assert rejection["code"] == MAXIMA[name].code
    assert ".".join(map(str, rejection["problems"][0]["path"])) == message.split(":")[0]
    assert caller.statements == 0


@pytest.mark.parametrize("name", READ)
async def test_a_list_that_is_too_long_is_one_problem_whatever_its_items_are(caller: Caller, name: str) -> None:
    document, given, message = READ[name]

    problems = (await caller.data(document, i=given))["a"]["errors"]

    assert message in [f"{problem['code']} {'.'.join(problem['path'])} {problem['message']}" for problem in problems]
    about = ".".join(message.split()[1:2])
    assert [problem for problem in problems if ".".join(problem["path"]).startswith(f"{about}.")] == []


@pytest.mark.parametrize("times", [20, 21])
async def test_the_items_of_all_lists_are_counted_wherever_a_variable_is_used(caller: Caller, times: int) -> None:
    aliases = " ".join(f"a{n}: customers(first: 1, where: {{ids: $r}}) {{ totalCount }}" for n in range(times))

    result = await caller.run(f"query($r: [ID!]!) {{ {aliases} }}", r=[ID] * 500)

    if times == 20:
        assert result.errors is None
    else:
        assert result.data is None
        (error,) = result.errors or []
        assert error.path is None
        assert error.message == (
            "The lists among the operation's arguments have 10,500 items, a variable counted wherever it is used;"
            " the limit is 10,000. $r has 500 items and is used 21 times. Send several requests."
        )
        assert caller.statements == 0


@pytest.mark.parametrize(
    ("definition", "variables"),
    [("$r: [ID!]!", {"r": [ID] * 500}), (f"$r: [ID!] = {json.dumps([ID] * 500)}", {})],
    ids=["a variable", "a default"],
)
async def test_fragments_count_as_often_as_they_are_spread(
    caller: Caller, definition: str, variables: dict[str, Any]
) -> None:
    spread = " ".join("... { ...F }" for _ in range(7))
    fields = " ".join(f"a{n}: customers(first: 1, where: {{or: [{{ids: $r}}]}}) {{ totalCount }}" for n in range(3))

    document = f"query({definition}) {{ {spread} }} fragment F on Query {{ {fields} }}"
    rejection = await caller.rejection(document, **variables)

    # Each of 21 fields has a list of one filter with a list of 500 ids.
    assert "have 10,521 items" in rejection["message"]


async def test_literals_are_counted_with_what_is_in_them(caller: Caller) -> None:
    row = {"externalSystemId": "a", "metadataSet": {str(n): n for n in range(1_050)}}
    rows = ", ".join(["$row"] * 11)
    document = f"mutation($row: UpsertCustomerRow!) {{ upsertCustomers(input: {{rows: [{rows}]}}) {{ refused }} }}"

    rejection = await caller.rejection(document, row=row)

    # Entries within a map's maximum don't count.
    assert "have 11,011 items" in rejection["message"]


async def test_as_many_rows_and_entries_as_each_list_takes_are_taken_together(caller: Caller) -> None:
    row = {"externalSystemId": "a", "metadataSet": {str(n): n for n in range(50)}}
    document = "mutation($i: UpsertCustomersInput!) { upsertCustomers(input: $i) { refused errors { code } } }"

    data = await caller.data(document, i={"rows": [row] * 500, "onRefusal": "ROW_BY_ROW"})

    assert data == {"upsertCustomers": {"refused": 500, "errors": []}}


@pytest.mark.parametrize("places", [5, 6])
async def test_the_conditions_of_all_filters_are_bounded_together(caller: Caller, places: int) -> None:
    # Of an odd place the filter is a literal.
    where: dict[str, Any] = {"or": [{"customerNumber": str(n)} for n in range(49)]}
    literal = "{or: [" + " ".join(f'{{customerNumber: "{n}"}}' for n in range(49)) + "]}"
    fields = " ".join(f"a{n}: customers(where: {literal if n % 2 else '$w'}) {{ totalCount }}" for n in range(places))

    result = await caller.run(f"query($w: CustomerFilter) {{ {fields} }}", w=where)

    if places == 5:
        assert result.errors is None
    else:
        (error,) = result.errors or []
        assert error.message == (
            "The filters of the operation have 300 conditions, a variable counted wherever it is used; the limit is 250."
            " Send several requests."
        )
        assert caller.statements == 0


WORDS = "aa bb cc dd ee ff gg hh ii jj"
PAIRS = [{"key": f"k{place}", "value": place} for place in range(10)]
PAIRS_WRITTEN = " ".join(f'{{key: "k{place}", value: {place}}}' for place in range(10))
MANY_IN_ONE = {
    "words of variables": ("query($v: String) {%s}", "customers(where: {search: $v}) { totalCount }", WORDS),
    "words of defaults": (
        f'query($v: String = "{WORDS}") {{%s}}',
        "customers(where: {search: $v}) { totalCount }",
        None,
    ),
    "words of literals": ("{%s}", f'customers(where: {{search: "{WORDS}"}}) {{ totalCount }}', None),
    "words of filters": ("query($v: CustomerFilter) {%s}", "customers(where: $v) { totalCount }", {"search": WORDS}),
    "pairs of variables": (
        "query($v: [MetadataPairInput!]) {%s}",
        "customers(where: {metadata: $v}) { totalCount }",
        PAIRS,
    ),
    "pairs of defaults": (
        f"query($v: [MetadataPairInput!] = [{PAIRS_WRITTEN}]) {{%s}}",
        "customers(where: {metadata: $v}) { totalCount }",
        None,
    ),
    "pairs of literals": ("{%s}", f"customers(where: {{metadata: [{PAIRS_WRITTEN}]}}) {{ totalCount }}", None),
    "pairs of filters": ("query($v: CustomerFilter) {%s}", "customers(where: $v) { totalCount }", {"metadata": PAIRS}),
}


@pytest.mark.parametrize("name", MANY_IN_ONE)
async def test_each_word_and_each_metadata_pair_is_a_condition(caller: Caller, name: str) -> None:
    text, field, value = MANY_IN_ONE[name]
    variables = {} if value is None else {"v": value}

    def repeated(times: int) -> str:
        return text % " ".join(f"a{place}: {field}" for place in range(times))

    allowed = await caller.run(repeated(25), **variables)
    rejected = await caller.run(repeated(26), **variables)

    assert allowed.errors is None
    assert rejected.errors is not None
    assert rejected.errors[0].message.startswith("The filters of the operation have 260 conditions")


async def test_rows_of_which_there_are_far_too_many_are_not_converted(caller: Caller) -> None:
    document = "mutation($i: UpsertCustomersInput!) { upsertCustomers(input: $i) { written } }"
    for count, message in ((1_000, None), (1_001, "input.rows: has 1,001 items; at most 500 are allowed.")):
        result = await caller.run(document, i={"rows": [{"externalSystemId": "a"}] * count})
        assert [error.message for error in result.errors or ()] == ([] if message is None else [message])


async def test_lists_that_are_too_long_are_named_together(caller: Caller) -> None:
    document = """query($w: CustomerFilter, $by: [CustomerOrder!]) {
        a: customers(where: $w, orderBy: $by) { totalCount } b: customers(where: $w) { totalCount } }"""

    result = await caller.run(document, w={"ids": [ID] * 501, "metadata": [7] * 11}, by=[7] * 4)

    assert sorted(error.message for error in result.errors or ()) == [
        "orderBy: has 4 items; at most 3 are allowed.",
        "where.ids: has 501 items; at most 500 are allowed.",
        "where.metadata: has 11 items; at most 10 are allowed.",
    ]


async def test_a_deep_filter_is_rejected_by_its_conditions(caller: Caller) -> None:
    where: dict[str, Any] = {}
    for _ in range(60):
        where = {"not": where}

    assert "has 60 conditions" in (await caller.rejection(FILTERED, w=where))["message"]
