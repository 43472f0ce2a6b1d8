"""The audit suite of GraphQL over HTTP, run by Node against a server that really listens."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.web.toy_app import CREDENTIAL, toy_app

FOLDER = Path(__file__).parent / "http_audit"


async def run(*command: str) -> str:
    """What a command in the audit's folder prints; it must succeed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=FOLDER, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


@pytest.fixture
async def node() -> str:
    """Node, with the audit suite installed as the lock file has it."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        reason = "node and npm are not installed: THE AUDIT OF GRAPHQL OVER HTTP DID NOT RUN"
        if os.environ.get("CUSTOMER_GATEWAY_REQUIRE_NODE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        await run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    return found


@asynccontextmanager
async def serving() -> AsyncGenerator[str]:
    """The URL of a server on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(toy_app(), lifespan="off", log_config=None))
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
        server.should_exit = True
        await running


async def test_every_audit_passes_without_a_warning_or_a_notice(node: str) -> None:
    async with serving() as url:
        results = json.loads(await run(node, "audit.mjs", url, CREDENTIAL["authorization"]))

    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61
