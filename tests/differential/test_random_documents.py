"""Random documents, run by both applications: whatever is asked, planned answers are those of the loaders, byte for
byte.

`DIFFERENTIAL_EXAMPLES` says how many documents: 400 by default, or 2,000 with `THOROUGH=1`. They are the same in every
run, unless `SEED` is set.
"""

import asyncio
import math
import os
from collections.abc import Mapping

import pytest
from hypothesis import Phase, given, settings

from tests.differential.applications import Pair
from tests.differential.contract import contract
from tests.differential.documents import Example, examples
from tests.differential.runner import Runner
from tests.differential.world import Company
from tests.support.thorough import number

EXAMPLES: str | None = os.environ.get("DIFFERENTIAL_EXAMPLES")
_COMPANIES = ("everyday", "everyday", "everyday", "hostile", "hostile", "crowd", "crowd", "extremes", "empty")


@pytest.mark.randomized
# When a field fails, graphql-core cancels those beside it, also before they begin.
@pytest.mark.filterwarnings("ignore:coroutine .*_async_resolver' was never awaited:RuntimeWarning")
async def test_planned_answers_are_byte_for_byte_those_of_the_loaders(
    pair: Pair, companies: Mapping[str, Company]
) -> None:
    runner = Runner(pair, companies, asyncio.get_running_loop())

    @settings(
        max_examples=int(EXAMPLES or number(400, 2_000)),
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(examples(contract(), companies, _COMPANIES))
    def check(example: Example) -> None:
        runner.run(example)

    await asyncio.to_thread(check)

    # What was compared must be worth it: valid, mostly without errors, and mostly planned.
    counted = runner.counted
    expected = counted["requests"] * 0.01
    # Of a few hundred requests, one in a hundred is a few more in some runs: three standard deviations are allowed.
    most = expected + 3 * math.sqrt(expected)
    assert counted["GRAPHQL_VALIDATION_FAILED"] + counted["GRAPHQL_PARSE_FAILED"] <= most, counted
    assert counted["clean"] >= counted["requests"] * 0.6, counted
    assert counted["planned"] >= counted["clean"] * 0.6, counted
