"""REST and GraphQL read the same: every customer, list and filter of the companies, planned and field by field."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode, urljoin

import pytest
from httpx import AsyncClient

from app.domain.identity import Scope
from app.rest.documents import TEXTS
from tests.differential.applications import Pair, Request
from tests.differential.world import Company
from tests.support.rest import CUSTOMERS, GROUPS, read

COMPANIES = ("everyday", "hostile", "crowd", "empty")
LOWER = frozenset({"billingRelationship", "consolidationMode", "vatZone"})
_TIMESTAMP = re.compile(rb'"timestamp":"[^"]*",')
AMOUNTS = frozenset({"creditLimit", "openingBalance", "discount"})


def respelled(value: Any) -> Any:
    """What GraphQL answers, as REST spells it; metadata stays as it is."""
    if isinstance(value, list):
        return [respelled(row) for row in cast("list[Any]", value)]
    row = cast("dict[str, Any]", value)
    return {name: _respelled(name, shown) for name, shown in row.items() if name != "version"}


def _respelled(name: str, shown: Any) -> Any:
    if shown is None:
        return None
    if name in LOWER:
        return shown.lower()
    return Decimal(shown) if name in AMOUNTS else shown


class Reader:
    """Reads a company over REST, with both applications, and over GraphQL."""

    def __init__(self, pair: Pair, company: Company) -> None:
        self._pair = pair
        self._company = company
        self._token = pair.token(company.id, Scope.CUSTOMERS_READ)
        self.is_rejected = False
        """Whether the next answer must be a 400."""

    async def rest(self, path: str, *parameters: tuple[str, str]) -> Any:
        """Return the body of a GET, which both applications answer with the same bytes."""
        url = f"{path}?{urlencode(parameters)}" if parameters else path
        return read_bytes((await self.answer(url))[1])

    async def answer(self, url: str) -> tuple[Mapping[str, str], bytes]:
        """Return the headers and the body of a GET, which are the same from both applications."""
        answers = [await self._get(client, url) for client in (self._pair.reference, self._pair.planning)]
        assert answers[0] == answers[1]
        return answers[1]

    async def _get(self, client: AsyncClient, url: str) -> tuple[Mapping[str, str], bytes]:
        headers = {"authorization": f"Bearer {self._token}", "x-request-id": "differential"}
        response = await client.get(url, headers=headers)
        read(response, 400 if self.is_rejected else 200)
        body = _TIMESTAMP.sub(b"", response.content) if self.is_rejected else response.content
        return dict(response.headers), body

    async def graphql(self, name: str, **variables: Any) -> Any:
        """Return the data of the document of an endpoint, in GraphQL's spelling."""
        answer = await self._pair.only(self._pair.reference, self._token, Request(TEXTS[name], variables))
        content = read_bytes(answer.body)
        assert "errors" not in content, content
        return content["data"]

    async def same(self, path: str, name: str, value: str, document: str, field: str, where: dict[str, Any]) -> bool:
        """Compare a filtered list, or that both reject the filter; return whether it was accepted."""
        given = {"where": where, "first": 100}
        answer = await self._pair.only(self._pair.reference, self._token, Request(TEXTS[document], given))
        self.is_rejected = "errors" in answer.content
        shown = await self.rest(path, (name, value))
        if self.is_rejected:
            assert [found["property"] for found in shown["details"]["validationErrors"]] == [name]
        else:
            same(shown, await self.rows(document, field, where=where))
        was_accepted, self.is_rejected = not self.is_rejected, False
        return was_accepted

    async def rows(self, name: str, *path: str, **variables: Any) -> list[Any]:
        """Return the rows of all pages of a list."""
        return [row async for page in self._pages(name, path, variables) for row in page]

    async def _pages(self, name: str, path: Iterable[str], variables: dict[str, Any]) -> AsyncIterator[list[Any]]:
        after: str | None = None
        while True:
            page = await self.graphql(name, first=100, after=after, **variables)
            for step in path:
                page = page[step]
            yield page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


def read_bytes(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal)


def same(shown: Any, expected: Any) -> None:
    """Compare with the digits of amounts and the types of metadata, which are equal to others otherwise."""
    assert repr(shown) == repr(respelled(expected))


@pytest.fixture(params=COMPANIES)
def reader(request: pytest.FixtureRequest, pair: Pair, companies: Mapping[str, Company]) -> Reader:
    return Reader(pair, companies[request.param])


@pytest.fixture
def company(request: pytest.FixtureRequest, companies: Mapping[str, Company]) -> Company:
    return companies[request.node.callspec.params["reader"]]


async def test_a_customer_is_the_same_with_its_contacts_and_departments(reader: Reader, company: Company) -> None:
    for id_ in company.values["CustomerLookup.id"]:
        path = f"{CUSTOMERS}/{id_}"
        same(await reader.rest(path), (await reader.graphql("customer", id=id_))["customer"])
        for kind in ("contacts", "departments"):
            rows = await reader.rows(kind, "customer", f"{kind}Connection", id=id_)
            same(await reader.rest(f"{path}/{kind}"), rows)


async def test_the_lists_of_all_customers_and_groups_are_the_same(reader: Reader) -> None:
    same(await reader.rest(CUSTOMERS), await reader.rows("customers", "customers"))
    same(await reader.rest(GROUPS), await reader.rows("customer-groups", "customerGroupsConnection"))


@pytest.mark.parametrize("name", ["customerNumber", "externalSystemId"])
async def test_a_filter_by_a_key_finds_the_same(reader: Reader, company: Company, name: str) -> None:
    values = (*company.values[f"CustomerFilter.{name}"], "nobody's", " ")
    accepted = [await reader.same(CUSTOMERS, name, value, "customers", "customers", {name: value}) for value in values]
    assert 0 < accepted.count(True) < len(accepted)


async def test_a_filter_by_metadata_finds_the_same(reader: Reader, company: Company) -> None:
    for key, value in company.pairs:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        where = {"metadata": [{"key": key, "value": text}]}
        for path, document, field in (
            (CUSTOMERS, "customers", "customers"),
            (GROUPS, "customer-groups", "customerGroupsConnection"),
        ):
            await reader.same(path, f"metadata[{key}]", text, document, field, where)


async def test_pages_are_the_same_rows_in_the_same_order(reader: Reader) -> None:
    expected = await reader.rows("customers", "customers")
    same(await all_pages(reader, f"{CUSTOMERS}?limit=7"), expected)


async def all_pages(reader: Reader, url: str) -> list[Any]:
    """Follow the links to the last page."""
    rows: list[Any] = []
    while url:
        headers, body = await reader.answer(url)
        page = read_bytes(body)
        assert len(page) <= 7
        rows += page
        link = headers.get("link", "").partition(">")[0].removeprefix("<")
        url = urljoin(url, link) if link else ""
    return rows
