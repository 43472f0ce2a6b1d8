"""The page's reader of server-sent events."""

import json
import shutil

import pytest

from tests.support.browser import missing
from tests.support.commands import ROOT
from tests.support.node import succeed

STREAM = """:
id: a

event: next
id: b
data: {"name":
data: "Ærø"}

: a comment
data:without a space

event: complete
data:

event: cut
data: off"""
READ = """
import { eventsOf } from "./events.js";
const [text, size] = process.argv.slice(1);
const bytes = new TextEncoder().encode(text);
const body = new ReadableStream({
  start(controller) {
    for (let at = 0; at < bytes.length; at += Number(size)) controller.enqueue(bytes.slice(at, at + Number(size)));
    controller.close();
  },
});
const events = [];
for await (const batch of eventsOf(body)) events.push(...batch);
console.log(JSON.stringify(events));
"""


@pytest.fixture(scope="module")
def node() -> str:
    """The program of Node."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed", "CUSTOMER_GATEWAY_REQUIRE_NODE", "the reader of events was")
    return node


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_whole_events_are_read_however_a_connection_cuts_them(node: str, size: int, line_break: str) -> None:
    text = STREAM.replace("\n", line_break)
    output = succeed(node, "--input-type=module", "--eval", READ, "--", text, str(size), folder=ROOT / "explorer")

    assert json.loads(output) == [
        {"name": "message", "id": "a", "data": ""},
        {"name": "next", "id": "b", "data": '{"name":\n"Ærø"}'},
        {"name": "message", "id": None, "data": "without a space"},
        {"name": "complete", "id": None, "data": ""},
    ]
