"""A body over REST does what the same input of a mutation does: the same rows, history and events in twin companies, or
the same problems and nothing written."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import customer_writes
from app.domain.identity import Scope
from tests.differential.applications import Pair, Request
from tests.differential.rest_bodies import as_input, changed_bodies, new_bodies
from tests.differential.twins import IDS, Twin, twin
from tests.support.clock import DatabaseClock
from tests.support.rest import CUSTOMERS, problem_of
from tests.support.thorough import examples

_PROBLEMS = "errors { code path httpStatus ... on SubscriptionsError { subscriptionIds } ... on CustomersError { customerIds } }"
CREATE = f"""mutation($input: CreateCustomerInput!) {{
  createCustomer(input: $input) {{ customer {{ id customerNumber }} {_PROBLEMS} }}
}}"""
UPDATE = f"""mutation($input: UpdateCustomerInput!) {{
  updateCustomer(input: $input) {{ customer {{ id customerNumber }} {_PROBLEMS} }}
}}"""
Outcome = list[tuple[str, str | None]]
"""The codes of the problems with their properties, sorted. A single rule is told without a property over REST."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    clock = DatabaseClock()
    monkeypatch.setattr(customer_writes, "clock", clock)
    return clock


class Writer:
    """Writes the same to both twins: to one over REST, to the other with a mutation."""

    def __init__(self, pair: Pair, engine: AsyncEngine) -> None:
        self._pair = pair
        self._engine = engine
        self.counted = Counter[str]()

    async def same(self, document: str, method: str, path: str, body: Mapping[str, Any], **also: Any) -> None:
        """Compare what both answer, and what is stored then."""
        rest, graphql = [await twin(self._engine) for _ in range(2)]
        answered = await self._rest(rest, method, path, body)
        mutated = await self._mutation(graphql, document, {**also, **as_input(body)})
        assert answered == mutated, json.dumps(body)
        assert await rest.written(self._engine) == await graphql.written(self._engine), json.dumps(body)
        self.counted.update(code for code, _ in answered) if answered else self.counted.update(["written"])

    async def _rest(self, of: Twin, method: str, path: str, body: Mapping[str, Any]) -> Outcome:
        headers = {"authorization": f"Bearer {self._token(of)}", "content-type": "application/json"}
        response = await self._pair.planning.request(method, path, headers=headers, content=json.dumps(body))
        return [] if response.is_success else problem_of(response).found

    async def _mutation(self, of: Twin, document: str, given: Mapping[str, Any]) -> Outcome:
        answer = await self._pair.only(self._pair.planning, self._token(of), Request(document, {"input": given}))
        content = answer.content
        if "errors" in content:
            problems = [problem for error in content["errors"] for problem in error["extensions"]["problems"]]
        else:
            (payload,) = content["data"].values()
            problems = payload["errors"]
            if len(problems) == 1 and problems[0]["httpStatus"] != 400:
                return [(problems[0]["code"], None)]
        return sorted((problem["code"], ".".join(problem["path"][1:])) for problem in problems)

    def _token(self, of: Twin) -> str:
        return self._pair.token(of.id, *Scope)


async def drawn(
    bodies: SearchStrategy[dict[str, Any]], check: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]
) -> None:
    """Check random bodies from the thread that draws them."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=examples(60))
    @given(bodies)
    def run(body: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(check(body), loop).result(600)

    await asyncio.to_thread(run)


@pytest.mark.randomized
async def test_a_creation_leaves_what_the_mutation_leaves(pair: Pair, owner_engine: AsyncEngine) -> None:
    writer = Writer(pair, owner_engine)

    await drawn(new_bodies(), lambda body: writer.same(CREATE, "POST", CUSTOMERS, body))

    assert writer.counted["written"] >= 5, writer.counted
    assert len(writer.counted) >= 5, writer.counted


@pytest.mark.randomized
async def test_an_update_leaves_what_the_mutation_leaves(pair: Pair, owner_engine: AsyncEngine) -> None:
    writer = Writer(pair, owner_engine)
    of = str(IDS["customer"])

    await drawn(changed_bodies(), lambda body: writer.same(UPDATE, "PATCH", f"{CUSTOMERS}/{of}", body, id=of))

    assert writer.counted["written"] >= 5, writer.counted
    assert len(writer.counted) >= 5, writer.counted
