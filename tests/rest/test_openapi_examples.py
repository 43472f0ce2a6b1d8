"""The examples of the OpenAPI document: the service answers each of them as the document says."""

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest_asyncio

from app.db.seed import demo_company_id, seed
from app.rest.endpoints import ENDPOINTS
from app.rest.openapi.errors import RESPONSES, statuses_of
from app.rest.openapi.examples import FOLDER, examples_of
from app.web.development import DevelopmentKeys
from tests.rest.recording import Recorder, recorded
from tests.support.databases import new_database, same_database
from tests.support.logging_state import logging_restored

CHANGING = (
    (re.compile(r'"timestamp": "[^"]+"'), '"timestamp": "…"'),
    (re.compile(r"\b[0-9a-f]{32}\b"), "…"),  # the id of a request
)
"""What is different each time, and what is compared instead."""


@pytest_asyncio.fixture(loop_scope="session")
async def recorder(server_dsn: str, template: str, service_dsn: str, tmp_path: Path) -> AsyncGenerator[Recorder]:
    """A service on the data that `dev` writes."""
    async with new_database(server_dsn, template) as dsn:
        await seed(dsn, companies=2, customers=300, seed=1, progress=lambda _done, _total: None)
        keys = DevelopmentKeys(tmp_path / "keys")
        with logging_restored():
            yield Recorder(same_database(service_dsn, dsn), keys, demo_company_id())


def compared(answer: dict[str, Any]) -> str:
    """Return an answer as text, without what is different each time."""
    text = json.dumps(answer, default=str, ensure_ascii=False)
    if answer["status"] == 201:
        text = text.replace(answer["answer"]["id"], "…")
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return text


async def test_the_service_answers_every_example_as_it_is_recorded(recorder: Recorder) -> None:
    count = 0
    async for _, example, answer in recorder.answers():
        count += 1
        expected = {"status": example.status, "answer_headers": example.answer_headers, "answer": example.answer}
        expected = {name: value for name, value in expected.items() if value not in ({}, None)}
        assert compared(recorded(answer)) == compared(expected), (
            f"{example.name}: run `python -m tests.rest.recording`, then `customer-gateway openapi --out openapi.json`"
        )
    assert count == sum(len(examples_of(endpoint.document)) for endpoint in ENDPOINTS)


def test_every_endpoint_has_an_example_of_its_success() -> None:
    for endpoint in ENDPOINTS:
        examples = examples_of(endpoint.document)
        assert endpoint.shown.status in {example.status for example in examples}, endpoint.document
        assert len({example.name for example in examples}) == len(examples)
    assert {path.stem for path in FOLDER.iterdir()} == {endpoint.document for endpoint in ENDPOINTS}


def test_every_error_has_an_example_of_an_endpoint_that_has_it() -> None:
    found: set[int] = set()
    for endpoint in ENDPOINTS:
        statuses = {example.status for example in examples_of(endpoint.document) if example.is_error}
        assert statuses <= {*statuses_of(endpoint)}
        found |= statuses
    assert found == {*RESPONSES}
