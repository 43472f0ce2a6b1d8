"""Large requests that are within the limits, or rejected for what they hold, don't keep the process from its other
clients."""

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from graphql import get_introspection_query

from app.web.development import DevelopmentKeys
from tests.support.started import headers_of, settings_of, started
from tests.web.probe import Probe

CUSTOMER = "00000000-0000-7000-8000-000000000001"
ENTITIES = "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }"


def aliases(number: int, field: str) -> str:
    return " ".join(f"a{place}: {field}" for place in range(number))


def customers(number: int) -> list[dict[str, Any]]:
    return [{"__typename": "Customer", "id": f"00000000-0000-7000-8000-{place:012}"} for place in range(number)]


def malformed(number: int, of: int) -> list[dict[str, Any]]:
    return [{"__typename": "Customer", "id": f"x{place}"} for place in range(number)] + customers(of - number)


REQUESTS: dict[str, dict[str, Any]] = {
    "a hundred malformed of 9,999 representations": {"query": ENTITIES, "variables": {"r": malformed(100, 9_999)}},
    "9,999 malformed representations": {"query": ENTITIES, "variables": {"r": malformed(9_999, 9_999)}},
    "9,999 representations": {"query": ENTITIES, "variables": {"r": customers(9_999)}},
    "9,999 keys of other alphabets": {
        "query": ENTITIES,
        "variables": {"r": [{"__typename": "Customer", "externalSystemId": f"ø{place}é"} for place in range(9_999)]},
    },
    "20 lists of 500 ids": {
        "query": "query($r: [ID!]!) {" + aliases(20, "nodes(ids: $r) { id }") + "}",
        "variables": {"r": [representation["id"] for representation in customers(500)]},
    },
    "50 lists of representations with further keys": {
        "query": "query($r: [_Any!]!) {" + aliases(50, "_entities(representations: $r) { __typename }") + "}",
        "variables": {
            "r": [
                representation | {f"k{number}": number for number in range(250)} for representation in customers(199)
            ],
        },
    },
    "990 fields": {
        "query": "{"
        + aliases(49, "customers(first: 1) { nodes { " + "id name email externalSystemId " * 4 + "} }")
        + "}"
    },
    "the full introspection query": {"query": get_introspection_query(input_value_deprecation=True, one_of=True)},
    "most of what may be asked of the schema": {
        "query": "{"
        + aliases(
            5,
            "__schema { types { name description fields { name description "
            "type { name kind ofType { name kind ofType { name } } } args { name description } } } }",
        )
        + "}"
    },
    "a whole schema 49 times": {
        "query": "{"
        + aliases(
            49,
            "__schema { types { name description fields { name description "
            "type { name kind ofType { name kind ofType { name } } } args { name description } } } }",
        )
        + "}"
    },
    "450 fragments": {
        "query": "{...f0}"
        + "".join(f"fragment f{n} on Query{{...f{n + 1}}}" for n in range(449))
        + "fragment f449 on Query{__typename}"
    },
    "a long value of an enumeration": {
        "query": "query($v: CustomerType) { customers(where: {customerType: {eq: $v}}) { totalCount } }",
        "variables": {"v": "x" * 900_000},
    },
    "a long value of a sort": {
        "query": "query($v: [CustomerOrder!]) { customers(orderBy: $v) { totalCount } }",
        "variables": {"v": [{"field": "NAME", "direction": "x" * 900_000}]},
    },
    "small numbers": {
        "query": "query($v: Int) { customers(first: $v) { totalCount } }",
        "variables": {"v": 1, "unknown": [1] * 480_000},
    },
    **{
        f"50 searches for {what}": {
            "query": "query($v: String) {" + aliases(50, "customers(where: {search: $v}) { totalCount }") + "}",
            "variables": {"v": text},
        }
        for what, text in (
            ("a letter and 900 kB of blanks", "é" + " " * 899_990),
            ("900 kB of blanks", " " * 899_990),
            ("letters of long forms", "\ufdfa" * 255),
        )
    },
    "a search for 20 different texts of long forms": {
        "query": "query($v: [CustomerFilter!]) { customers(where: {or: $v}) { totalCount } }",
        "variables": {"v": [{"search": "\ufdfa" * (255 - number)} for number in range(20)]},
    },
    "15 lists that search for 15 times nine words": {
        "query": "query($v: [CustomerFilter!]) {" + aliases(15, "customers(where: {or: $v}) { totalCount }") + "}",
        "variables": {"v": [{"search": f"aa bb cc dd ee ff gg hh {number}"} for number in range(14)]},
    },
    "searches for 250 words": {
        "query": "query($v: [CustomerFilter!]) { customers(where: {or: $v}) { totalCount } }",
        "variables": {"v": [{"search": f"aa bb cc dd ee ff gg hh ii {number}"} for number in range(24)]},
    },
    "50 mutations with 900 kB of blanks": {
        "query": "mutation($i: UpdateCustomerInput!) {"
        + aliases(50, "updateCustomer(input: $i) { errors { code message path } }")
        + "}",
        "variables": {"i": {"id": CUSTOMER, "name": "é" + " " * 899_990, "idempotencyKey": " " * 20_000}},
    },
    "50 previews of 199 metadata keys": {
        "query": "query($i: UpdateCustomerInput!) {"
        + aliases(50, "billingTransitionPreview(input: $i) { errors { code message path } }")
        + "}",
        "variables": {"i": {"id": CUSTOMER, "metadataUnset": [f"k{place}" for place in range(199)]}},
    },
}
MOST_SECONDS = 0.045
"""Of CPU time; 0.002 to 0.027 s is usual."""


@pytest.mark.parametrize("name", REQUESTS)
async def test_no_request_holds_the_loop_for_long(name: str, service_dsn: str, company: UUID, tmp_path: Path) -> None:
    keys, content = DevelopmentKeys(tmp_path / "keys"), orjson.dumps(REQUESTS[name])
    longest = list[float]()
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)) as client:
        await client.post("/graphql", json={"query": "{ viewer { subject } }"})
        for _ in range(2):
            probe = Probe()
            answer = await client.post("/graphql", content=content, headers={"content-type": "application/json"})
            longest.append(await probe.stop())
            assert answer.status_code in {200, 400}

    assert min(longest) < MOST_SECONDS, longest
