"""The audit suite of GraphQL over HTTP, run by Node against a server that really listens."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.conformance_page import Proved
from tests.support.listening import listening
from tests.support.node import NodePackages, node_packages
from tests.support.toy_app import CREDENTIAL, toy_app


@pytest.fixture
def audits() -> NodePackages:
    """The audit suite as the lock file has it."""
    return node_packages(Path(__file__).parent / "http_audit", "the audit of GraphQL over HTTP")


async def test_every_audit_passes_without_a_warning_or_a_notice(audits: NodePackages, proved: Proved) -> None:
    async with listening(toy_app()) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        results = json.loads(await asyncio.to_thread(audits.run, "audit.mjs", url, CREDENTIAL["authorization"]))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
    proved("Transport", "graphql-http", audits.version("graphql-http"), "all 61 audits of GraphQL over HTTP")
