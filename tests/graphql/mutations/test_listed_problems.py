"""Problems as data: an operation lists a bounded number, and says how many there are."""

from typing import Any
from uuid import UUID

from tests.support.asking import Caller

ID = str(UUID(int=1))
PROBLEMS = "errors { code path message ... on LimitError { limit actual } }"
UPSERT = f"""mutation($i: UpsertCustomersInput!) {{
    upsertCustomers(input: $i) {{ {PROBLEMS} results {{ index {PROBLEMS} }} }} }}"""
BAD: dict[str, Any] = {
    "email": "x",
    "website": "x",
    "paymentTerms": -1,
    "billingDay": 99,
    "creditLimit": "-1",
    "openingBalance": "1.234",
    "parentCustomerId": "x",
    "customerGroupId": "x",
    "parentInvoiceTemplateId": "x",
    "countryCode": "xx",
    "defaultCurrency": "x",
}


def more(limit: int, actual: int, path: list[str]) -> dict[str, Any]:
    subject = "The row" if "rows" in path else "The input"
    message = f"{subject} has {actual:,} problems, of which only the first {limit:,} are listed: correct these, then try again."
    return {"code": "MORE_PROBLEMS", "path": path, "message": message, "limit": limit, "actual": actual}


async def test_a_payload_lists_a_hundred_problems_and_how_many_there_are(caller: Caller) -> None:
    document = f"query($i: UpdateCustomerInput!) {{ billingTransitionPreview(input: $i) {{ {PROBLEMS} }} }}"
    for count in (99, 100, 101, 3_000):
        given = {"id": ID, "subscriptionTransitions": [{"subscriptionId": "x"}] * count}
        errors = (await caller.data(document, i=given))["billingTransitionPreview"]["errors"]
        assert [problem["path"][2] for problem in errors[:99]] == [str(place) for place in range(99)]
        # The customer is unknown too.
        assert {problem["code"] for problem in errors[:100]} <= {"FIELD_INVALID", "CUSTOMER_NOT_FOUND"}
        assert errors[100:] == ([] if count == 99 else [more(100, count + 1, ["input"])])


async def test_all_payloads_of_an_operation_list_a_hundred_problems_together(caller: Caller) -> None:
    aliases = " ".join(f"a{n}: updateCustomer(input: $i) {{ {PROBLEMS} }}" for n in range(4))
    given = {"id": ID, "subscriptionTransitions": [{"subscriptionId": "x"}] * 39}

    data = await caller.data(f"mutation($i: UpdateCustomerInput!) {{ {aliases} }}", i=given)

    # The customer is unknown too. Each lists one at least.
    assert [len(payload["errors"]) for payload in data.values()] == [40, 40, 20 + 1, 1 + 1]
    assert data["a2"]["errors"][-1] == more(20, 40, ["input"])
    assert data["a3"]["errors"][-1] == more(1, 40, ["input"])


async def test_the_rows_of_a_list_list_a_hundred_problems_and_each_row_its_first(caller: Caller) -> None:
    rows = [{"externalSystemId": str(n), "name": "a", "vatZone": "EU", **BAD} for n in range(30)]

    payload = (await caller.data(UPSERT, i={"rows": rows, "dryRun": True}))["upsertCustomers"]

    # Of eleven problems of a row ten are kept.
    assert len(payload["errors"]) == 101
    assert payload["errors"][100] == more(100, 330, ["input"])
    results = [result["errors"] for result in payload["results"]]
    assert [len(problems) for problems in results] == [11] * 9 + [2] * 21
    assert results[0][10] == more(10, 11, ["input", "rows", "0"])
    assert results[29][0] == results[0][0] | {"path": ["input", "rows", "29", results[0][0]["path"][3]]}
    assert results[29][1] == more(1, 11, ["input", "rows", "29"])
