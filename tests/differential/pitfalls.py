"""Documents that each touch one thing that answers made by a database could easily get wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.differential.everything import leaves

_LONG = "key_" * 20
_NO_ID = "00000000-0000-4000-8000-000000000000"
_PAGE = "totalCount nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
_SPREAD = """
query { customers(first: 3) { ...A nodes { ...C } } customers(first: 3) { nodes { group { number } } ...A } }
fragment A on CustomerConnection { ...B nodes { name ...C } }
fragment B on CustomerConnection { nodes { group { id name } } ... { totalCount } }
fragment C on Customer { id group { ...D } }
fragment D on CustomerGroup { name number ... on CustomerGroup { discount } }
"""
_CONDITIONS = """
query($yes: Boolean! = true, $no: Boolean! = false, $may: Boolean = true) { customers(first: 2) {
  nodes @include(if: $yes) { id @skip(if: $yes) name @skip(if: $no) group @include(if: $may) { name } }
  ... @skip(if: $no) @include(if: $yes) { totalCount }
} }
"""


@dataclass(frozen=True, slots=True)
class Pitfall:
    """A document, and the requests of it that are compared."""

    query: str
    company: str = "everyday"
    requests: tuple[Mapping[str, Any], ...] = field(default=({},))


def _aliases(count: int, selection: str) -> str:
    return " ".join(f"f{place}: {selection}" for place in range(count))


def _nested(depth: int) -> str:
    return "".join(["group { customers(first: 1) { nodes { "] * depth) + "name" + " } } }" * depth


PITFALLS: dict[str, Pitfall] = {
    "booleans are written as JSON has them": Pitfall(
        "{ customers { nodes { isActive includeChildDetailsPdf contacts { isDefaultForCustomer } departments { isDefault isActive } } } }"
    ),
    "what is unset is null": Pitfall(f"{{ customers {{ nodes {{ {leaves('Customer')} parent {{ id }} }} }} }}"),
    "amounts keep the decimals they were stored with": Pitfall(
        "{ customers { nodes { creditLimit openingBalance subscriptions { netAmount periods { billedAmount creditedAmount } } } } }"
    ),
    "amounts may be no numbers or without bounds": Pitfall(
        "{ customers { nodes { creditLimit openingBalance subscriptions { netAmount periods { netAmount } }"
        " billingDocuments { total lines { lineNumber amount } } } } }",
        "extremes",
    ),
    "years before 1000 and moments without end are written as ever": Pitfall(
        "{ customers { nodes { createdAt history { nodes { occurredAt } } subscriptions { startedOn endsOn nextBillingDate }"
        " billingDocuments { issuedOn } } } }",
        "extremes",
    ),
    "integers reach both ends of their range": Pitfall(
        "{ customers(orderBy: [{field: NAME}]) { nodes { version billingDocuments { lines { lineNumber } } } } }",
        "extremes",
    ),
    "metadata keeps its order and the spelling of its numbers": Pitfall(
        "{ customers { nodes { metadata a: metadata group { metadata } } } }"
    ),
    "what changed is told by name, whatever its values are": Pitfall(
        "{ customers { nodes { history { nodes { changes { field before after } b: changes { after } c: changes { field: __typename } } } } } }",
        "hostile",
    ),
    "what changed is told in an edge and of anything": Pitfall(
        "{ customers(first: 30) { nodes { contacts { history(last: 2) { edges { node { changes { field } a: changes { before } } } } }"
        " group { history { nodes { changes { before field } } } } } } }"
    ),
    "keys of more than 63 bytes stay apart": Pitfall(
        f"{{ {_LONG}1: customers(first: 1) {{ nodes {{ {_LONG}2: name {_LONG}3: id }} }} {_LONG}4: customers(first: 2) {{ totalCount }} }}"
    ),
    "a selection has more fields than a function of SQL has arguments": Pitfall(
        f"{{ customers(first: 2) {{ nodes {{ {_aliases(150, 'name')} }} }} }}"
    ),
    "a selection has more fields than a statement has columns": Pitfall(
        f"{{ customers(first: 2) {{ nodes {{ {_aliases(1_700, 'version')} }} }} }}"
    ),
    "a selection has many edges": Pitfall(
        f"{{ customers(first: 2) {{ nodes {{ {_aliases(30, 'group { name }')} }} }} }}"
    ),
    "an operation has many root fields": Pitfall(f"{{ {_aliases(30, 'customers(first: 1) { totalCount }')} }}"),
    "fields nest deeply": Pitfall(f"{{ customers(first: 1) {{ nodes {{ {_nested(8)} }} }} }}"),
    "keys may look like other things": Pitfall(
        "{ data: customers(first: 1) { __typename: totalCount errors: nodes { id: name name: id __typename: email _: vatZone } } }"
    ),
    "selections of one field are merged in the order that they come in": Pitfall(_SPREAD),
    "the name of a type is told everywhere": Pitfall(
        "{ __typename customers(first: 1) { __typename nodes { __typename group { __typename } } edges { __typename node { __typename } }"
        " pageInfo { __typename } } }"
    ),
    "nothing but names of types is asked for": Pitfall("{ __typename a: __typename customers { __typename } }"),
    "defaults decide what is skipped": Pitfall(
        _CONDITIONS,
        requests=(
            {},
            {"yes": False},
            {"no": True, "may": False},
            {"may": None},
            {"yes": None},
            {"yes": True, "no": True},
        ),
    ),
    "all that an object would show is skipped": Pitfall(
        'query($no: Boolean!) { customers(first: 2) { nodes @include(if: $no) { id } } customer(by: {customerNumber: "1"}) { id @skip(if: true) }'
        " customerGroups(first: 2) { ... @include(if: $no) { name } } }",
        requests=({"no": False}, {"no": True}),
    ),
    "all that an operation would show is skipped": Pitfall(
        "query($no: Boolean!) { customers @include(if: $no) { totalCount } }", requests=({"no": False}, {"no": True})
    ),
    "no rows are asked for": Pitfall(
        f"{{ customers(first: 0) {{ {_PAGE} }} a: customers(last: 0) {{ {_PAGE} }} customerGroups(first: 0) {{ id }}"
        f" b: customers(first: 1) {{ nodes {{ children(first: 0) {{ {_PAGE} }} contacts(first: 0) {{ id }} history(first: 0) {{ {_PAGE.replace('id', 'version')} }} }} }} }}"
    ),
    "a company has nothing": Pitfall(
        f'{{ customers {{ {_PAGE} }} customerGroups {{ id }} customer(by: {{customerNumber: "1"}}) {{ id }}'
        ' customerGroup(by: {number: "1"}) { id } }',
        "empty",
    ),
    "equal rows under each parent keep their order": Pitfall(
        "query($n: Int!, $m: Int!) { customers(first: 12) { nodes { id children(first: $n) { nodes { name id } pageInfo { hasNextPage endCursor } }"
        " contacts(first: $m) { id name } subscriptions(first: $m, status: [ACTIVE, PAUSED, TRIAL]) { id } } } }",
        "crowd",
        requests=({"n": 3, "m": 5}, {"n": 54, "m": 1}, {"n": 55, "m": 102}, {"n": 56, "m": 103}, {"n": 500, "m": 500}),
    ),
    "a list has more rows than a page": Pitfall(
        f"{{ customers {{ {_PAGE} nodes {{ children {{ {_PAGE} }} contacts {{ name }} history {{ {_PAGE.replace('id', 'version')} }} }} }}"
        f" customerGroups {{ customers {{ {_PAGE} }} }} }}",
        "crowd",
    ),
    "one value stands for a list of it": Pitfall(
        "query($ids: [ID!], $s: [SubscriptionStatus!]) { customers(where: {ids: $ids}, orderBy: {field: NAME}) { nodes { id"
        " a: subscriptions(status: ACTIVE) { name } b: subscriptions(status: $s) { name } } } }",
        requests=(
            {"ids": _NO_ID, "s": "TRIAL"},
            {},
            {"ids": [], "s": []},
            {"ids": None, "s": None},
        ),
    ),
    "numbers and ids come in other guises": Pitfall(
        "query($n: Int, $id: ID!) { customers(first: $n) { nodes { id } } customer(by: {id: $id}) { id } }",
        requests=({"n": 2.0, "id": 5}, {"n": 2, "id": "DD1E9F8A-0000-4000-8000-000000000000"}, {"n": "2", "id": "5"}),
    ),
    "strings are written in every way that GraphQL knows": Pitfall(
        '{ a: customer(by: {customerNumber: """\n  🙂\n  """}) { name } b: customer(by: {customerNumber: "\\u{1F642}"}) { name }'
        ' c: customer(by: {customerNumber: "\\uD83D\\uDE42"}) { name } d: customer(by: {customerNumber: "\\""}) { name } }',
    ),
    "a variable that is left out leaves out its condition": Pitfall(
        "query($number: String, $active: Boolean, $parent: ID, $external: String, $all: [CustomerFilter!]) {"
        " customers(where: {customerNumber: $number, isActive: $active, parentCustomerId: $parent, externalSystemId: $external, and: $all}) { totalCount } }",
        requests=(
            {},
            {"number": "1"},
            {"parent": None},
            {"external": None, "active": True},
            {"number": None},
            {"all": [{"not": {"hasParent": True}}, {}]},
            {"all": [{"or": []}]},
            {"all": []},
        ),
    ),
    "a bound that is left out or null is the usual one": Pitfall(
        "query($n: Int, $m: Int = 1) { customers(first: $n) { nodes { id } } customerGroups(first: $m) { number } b: customerGroups(first: $n) { number } }",
        requests=({}, {"n": None}, {"m": None}, {"n": 2, "m": 2}, {"n": -1}, {"n": 501, "m": 501}, {"n": 2**31}),
    ),
    "conditions nest": Pitfall(
        "query($w: CustomerFilter!) { customers(where: $w) { totalCount nodes { id } } customerGroups { customers(where: {and: [$w, {not: $w}]}) { totalCount } } }",
        "crowd",
        requests=(
            {"w": {"not": {"not": {"or": [{"isActive": True}, {"namePrefix": "Å"}]}}}},
            {"w": {"and": [{"metadata": [{"key": "size", "value": 5}]}, {"search": "ann"}, {"hasParent": True}]}},
            {"w": {"or": [{"and": [{"ids": []}]}, {"not": {"metadata": []}}]}},
            {"w": {"and": [{"isActive": True}] * 49}},
            {"w": {"and": [{"isActive": True}] * 50}},
            {"w": {"metadata": [{"key": "size", "value": "5"}] * 11}},
        ),
    ),
    "ids lead to rows of any kind, or to none": Pitfall(
        f"""query($id: ID!, $ids: [ID!]!) {{ node(id: $id) {{ __typename id ...Anything }} nodes(ids: $ids) {{ id ...Anything }} }}
        fragment Anything on Node {{
          ... on Customer {{ {leaves("Customer")} group {{ name }} contacts(first: 1) {{ name }} }}
          ... on CustomerGroup {{ number discount customers(first: 2) {{ {_PAGE} }} }}
          ... on Contact {{ isDefaultForCustomer }} ... on BillingDocument {{ lines(first: 1) {{ days }} }}
        }}""",
        requests=(
            {"id": _NO_ID, "ids": []},
            {"id": _NO_ID, "ids": [_NO_ID, _NO_ID]},
            {"id": "none", "ids": [_NO_ID, "none"]},
            {"id": _NO_ID, "ids": _NO_ID},
            {"id": _NO_ID, "ids": [_NO_ID] * 501},
        ),
    ),
    "references lead to rows by any key, to none, or are rejected": Pitfall(
        f"""query($of: [_Any!]!) {{ _entities(representations: $of) {{ ... on Customer {{ {leaves("Customer")} }}
          ... on CustomerGroup {{ number customers(first: 2) {{ {_PAGE} }} }} }} }}""",
        requests=(
            {"of": []},
            {"of": {"__typename": "Customer", "customerNumber": "1"}},
            {"of": [{"__typename": "Customer", "externalSystemId": None}, {"__typename": "Contact", "id": _NO_ID}]},
            {"of": [{"__typename": "CustomerGroup", "number": "1"}, {"__typename": "Customer", "customerNumber": "1"}]},
            {"of": [{"__typename": "Customer", "id": _NO_ID, "customerNumber": "1"}] * 3},
            {"of": [{"__typename": "Customer", "customerNumber": " 1 "}, {"__typename": "Customer"}, {}, 5]},
        ),
    ),
    "what is asked for beside is run field by field, and the answer is the same": Pitfall(
        '{ viewer { subject scopes company { name } } __type(name: "Customer") { name } customers(first: 2) { nodes { name } } }'
    ),
    "a field that is rejected takes nothing with it that another field waits for too": Pitfall(
        '{ a: customer(by: {customerNumber: "1"}) { children(after: "none") { totalCount } group { name } }'
        ' b: customer(by: {customerNumber: "1"}) { group { name } } }'
    ),
    "a list deep inside is rejected, for every row": Pitfall(
        '{ customers(first: 3) { nodes { name group { name } children(after: "none") { totalCount } contacts { name } } } }'
    ),
}
