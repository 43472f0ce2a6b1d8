"""What could easily differ, one document at a time; and pages, read to their end in every order."""

from collections.abc import Mapping
from itertools import permutations, product
from typing import Any, cast

import pytest

from app.db import graph
from app.db.declarations import ToMany, ToOne
from app.domain.fields import schema_name
from app.domain.identity import Scope
from app.domain.texts import stored_form
from tests.differential import edge_cases, everything
from tests.differential.applications import Answer, Pair, Request
from tests.differential.contract import contract
from tests.differential.pitfalls import PITFALLS
from tests.differential.world import Company

_MAY_RUN_FIELD_BY_FIELD = {
    "years before 1000 and moments without end are written as ever",
    "what is asked for beside is run field by field, and the answer is the same",
    "all that an operation would show is skipped",
}
_REFUSED = {
    "a field that is rejected takes nothing with it that another field waits for too",
    "a list deep inside is rejected, for every row",
}
_ORDERS = [
    [{"field": field, "direction": direction} for field, direction in zip(fields, directions, strict=True)]
    for count in range(4)
    for fields in list(permutations(("NUMBER", "NAME", "CREATED_AT"), count))[:: 2 if count == 3 else 1]
    for directions in product(("ASC", "DESC"), repeat=count)
]
_PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $by: [CustomerOrder!], $where: CustomerFilter) {
  customers(first: $first, after: $after, last: $last, before: $before, orderBy: $by, where: $where) {
    totalCount nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


_CONTRACT = contract()
_LISTS = {
    kind: [edge.name for edge in edges if f"{edge.name}Connection" in {other.name for other in edges}]
    for kind in _CONTRACT.objects["Node"].possible
    for edges in (_CONTRACT.objects[kind].edges,)
}
"""The lists of each type that have a connection beside them."""
_BESIDE = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {{ node(id: $id) {{ ... on {kind} {{
  {field}(first: 500) {{ ...Shown }}
  page: {field}Connection(first: $first, after: $after, last: $last, before: $before) {{
    totalCount nodes {{ ...Shown }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
  }}
}} }} }} fragment Shown on {of} {{ {leaves} }}"""


@pytest.fixture
def tokens(pair: Pair, companies: Mapping[str, Company]) -> dict[str, str]:
    """A credential that reads, for each company."""
    return {
        name: pair.token(company.id, Scope.CUSTOMERS_READ, Scope.ACCOUNTS_READ) for name, company in companies.items()
    }


@pytest.mark.parametrize("name", PITFALLS)
async def test_pitfall(pair: Pair, tokens: Mapping[str, str], name: str) -> None:
    pitfall = PITFALLS[name]
    answers = [
        await pair.same(tokens[pitfall.company], Request(pitfall.query, variables)) for variables in pitfall.requests
    ]

    clean = [answer for answer in answers if not answer.codes]
    assert bool(clean) != (name in _REFUSED)
    assert name in _MAY_RUN_FIELD_BY_FIELD or all(answer.planned for answer in clean)


@pytest.mark.parametrize("name", ["everyday", "hostile", "extremes", "empty"])
async def test_everything_of_a_company(pair: Pair, tokens: Mapping[str, str], name: str) -> None:
    for request in (
        Request(everything.LIST),
        Request(everything.LIST, {"first": 2}),
        Request(everything.GROUPS),
        Request(everything.ACCOUNTS),
    ):
        answer = await pair.same(tokens[name], request)
        assert answer.codes == set()
        # Moments that are told in an odd way are told by rows.
        assert answer.planned or name == "extremes"


async def test_each_edge_is_selected_and_leads_to_rows(pair: Pair, tokens: Mapping[str, str]) -> None:
    followed: set[tuple[str, str]] = set()
    for document in (everything.LIST, everything.GROUPS, everything.ACCOUNTS):
        _follow((await pair.same(tokens["everyday"], Request(document))).content["data"], followed)

    edges = {(edge.source.name, edge.name) for edge in vars(graph).values() if isinstance(edge, ToOne | ToMany)}
    lacking = sorted(f"{source}.{name}" for source, name in edges if (source, schema_name(name)) not in followed)
    assert lacking == [], "Select these edges in everything.py, and write rows to which they lead in companies.py."


def _follow(shown: Any, followed: set[tuple[str, str]]) -> None:
    """Add the types and fields of an answer that lead to rows."""
    if isinstance(shown, list):
        for item in cast("list[Any]", shown):
            _follow(item, followed)
    elif isinstance(shown, dict):
        fields = cast("dict[str, Any]", shown)
        for name, value in fields.items():
            if isinstance(value, dict | list) and _has_rows(value):
                followed.add((str(fields.get("__typename")), name))
                _follow(value, followed)


def _has_rows(shown: Any) -> bool:
    """Return whether a list, a connection or an object shows rows."""
    return bool(cast("dict[str, Any]", shown).get("nodes", shown) if isinstance(shown, dict) else shown)


async def test_each_text_is_found_and_shown(pair: Pair, tokens: Mapping[str, str]) -> None:
    for words in edge_cases.TEXTS:
        found = await pair.same(tokens["hostile"], Request(everything.ONE, {"by": {"externalSystemId": words}}))
        # Keys are read as they are stored, so nobody finds one that was written by hand in another form.
        assert (found.content["data"]["customer"] is None) == (words != stored_form(words))
        for where in ({"namePrefix": words[:3]}, {"search": words[:200]}, {"customerNumber": words[:50]}):
            await pair.same(tokens["hostile"], Request(_PAGE, {"where": where}))


@pytest.mark.parametrize(
    "by", _ORDERS, ids=lambda by: " ".join(f"{order['field']}-{order['direction']}" for order in by)
)
async def test_pages_in_every_order_from_both_ends(
    pair: Pair, tokens: Mapping[str, str], by: list[dict[str, str]]
) -> None:
    asked = {"by": by or None, "where": {"isActive": True} if len(by) == 3 else None}
    whole = await _page(pair, tokens["crowd"], asked | {"first": 500})
    ids = [node["id"] for node in whole["nodes"]]
    for forward in (True, False):
        assert await _walked(pair, tokens["crowd"], asked, forward=forward) == ids


async def _walked(pair: Pair, token: str, asked: dict[str, Any], *, forward: bool) -> list[str]:
    """The ids of all pages, in the list's order; the page behind the last one is empty."""
    found, cursor = list[str](), None
    while True:
        way = {"first": 17, "after": cursor} if forward else {"last": 17, "before": cursor}
        page = await _page(pair, token, asked | way)
        ids = [node["id"] for node in page["nodes"]]
        if not ids:
            return found
        found = found + ids if forward else ids + found
        cursor = page["pageInfo"]["endCursor" if forward else "startCursor"]


async def _page(pair: Pair, token: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    answer = await pair.same(token, Request(_PAGE, variables))
    assert answer.planned
    return answer.content["data"]["customers"]


@pytest.mark.parametrize(("name", "size"), [("everyday", 1), ("everyday", 2), ("crowd", 40)])
async def test_a_connection_beside_a_list_shows_the_same_rows_from_both_ends(
    pair: Pair, tokens: Mapping[str, str], companies: Mapping[str, Company], name: str, size: int
) -> None:
    for kind, fields in _LISTS.items():
        for field in fields:
            (edge,) = (edge for edge in _CONTRACT.objects[kind].edges if edge.name == field)
            leaves = everything.leaves(edge.type.name)
            document = _BESIDE.format(kind=kind, field=field, of=edge.type.name, leaves=leaves)
            ids = [
                row["id"]
                for row in companies[name].values["Query.representations"]
                if row["__typename"] == kind and "id" in row
            ]
            found = [
                (await pair.same(tokens[name], Request(document, {"id": id_, "first": 1}))).content["data"]["node"]
                for id_ in ids
            ]
            assert name == "crowd" or any(len(node[field]) > 1 for node in found), field
            if found:
                longest = max(range(len(ids)), key=lambda place: len(found[place][field]))
                for ends in (("first", "after", "endCursor"), ("last", "before", "startCursor")):
                    shown = await _read(pair, tokens[name], document, ids[longest], size, ends)
                    assert shown == found[longest][field], (kind, field)


async def _read(
    pair: Pair, token: str, document: str, id_: str, size: int, ends: tuple[str, str, str]
) -> list[dict[str, Any]]:
    """The rows of a list, page by page from one end, in the list's order."""
    (limit, at, cursor), rows, given = ends, list[dict[str, Any]](), {}
    while True:
        answer = await pair.same(token, Request(document, {"id": id_, limit: size, **given}))
        assert answer.planned
        page = answer.content["data"]["node"]["page"]
        rows = [*rows, *page["nodes"]] if limit == "first" else [*page["nodes"], *rows]
        given = {at: page["pageInfo"][cursor]}
        assert page["pageInfo"]["hasPreviousPage" if limit == "first" else "hasNextPage"] is (len(rows) > size)
        if not page["pageInfo"]["hasNextPage" if limit == "first" else "hasPreviousPage"]:
            assert page["totalCount"] == len(rows)
            return rows


async def test_pages_between_two_cursors(pair: Pair, tokens: Mapping[str, str]) -> None:
    page = await _page(pair, tokens["crowd"], {"first": 20})
    cursors = [edge["cursor"] for edge in page["edges"]]
    for after, before in ((3, 9), (9, 3), (3, 4), (3, 3), (0, 19)):
        for size in ({"first": 4}, {"last": 4}, {"first": 0}, {"last": 0}, {}):
            between = {"after": cursors[after], "before": cursors[before]}
            await _page(pair, tokens["crowd"], between | size)


async def test_every_row_is_found_by_its_id_alone(
    pair: Pair, tokens: Mapping[str, str], companies: Mapping[str, Company]
) -> None:
    for name, foreign in (("everyday", "hostile"), ("hostile", "extremes"), ("extremes", "everyday")):
        ids = companies[name].values["Query.ids"]
        # Repeated, in another order, and another company's among them.
        asked = [*ids[:100], *reversed(ids[50:150]), *companies[foreign].values["Query.ids"][:20], *ids[:20]]
        answer = await pair.same(tokens[name], Request(everything.NODES, {"ids": asked}))
        found = [node and node["id"] for node in answer.content["data"]["nodes"]]
        assert found == [id_ if id_ in ids else None for id_ in asked]
        assert answer.planned or name == "extremes"
        for id_ in ids[:: max(1, len(ids) // 20)]:
            await pair.same(tokens[name], Request(everything.NODE, {"id": id_}))


def _is_in_form(representation: Mapping[str, str]) -> bool:
    return all(stored_form(key) == key for key in representation.values())


async def test_every_row_is_found_by_each_of_its_keys(
    pair: Pair, tokens: Mapping[str, str], companies: Mapping[str, Company]
) -> None:
    for name, foreign in (("everyday", "hostile"), ("hostile", "everyday")):
        own, others = (companies[company].values["Query.representations"] for company in (name, foreign))
        # Keys are read as they are stored, so nobody finds one that was written by hand in another form.
        asked = [
            representation for representation in (*own, *others[:20], *reversed(own)) if _is_in_form(representation)
        ]
        answer = await pair.same(tokens[name], Request(everything.ENTITIES, {"of": asked}))
        assert answer.planned
        assert all(answer.content["data"]["_entities"][place] for place in (0, 1, -1))
        for representation in own[::7]:
            await pair.same(tokens[name], Request(everything.ENTITIES, {"of": [representation, representation]}))


async def test_cursors_that_do_not_fit_are_rejected_alike(
    pair: Pair, tokens: Mapping[str, str], companies: Mapping[str, Company]
) -> None:
    for cursors in companies["everyday"].cursors.values():
        for cursor in (cursors[0], cursors[0][:-1], cursors[0] + "=", cursors[0].swapcase(), "", "🙂", "A" * 5_000):
            answer = await pair.same(tokens["crowd"], Request(_PAGE, {"after": cursor, "before": cursor}))
            assert answer.codes == {"INVALID_CURSOR"}


@pytest.mark.parametrize(
    "selection", ["createdAt", "metadata", "subscriptions { startedOn }", "billingDocuments { issuedOn }", "id"]
)
async def test_what_python_can_not_hold_is_a_failure_or_shown_but_breaks_nothing_else(
    pair: Pair, tokens: Mapping[str, str], companies: Mapping[str, Company], selection: str
) -> None:
    query = f"query($id: ID!) {{ customer(by: {{id: $id}}) {{ {selection} }} }}"
    problems = list[Answer]()
    for customer in companies["impossible"].values["CustomerLookup.id"]:
        expected, actual = await pair.both(tokens["impossible"], Request(query, {"id": customer}))
        if expected.codes == {"INTERNAL_SERVER_ERROR"}:
            problems.append(expected)
        else:
            assert actual[:3] == expected[:3]
        await pair.same(tokens["everyday"], Request("{ customers { nodes { name } } }"))
    assert problems
