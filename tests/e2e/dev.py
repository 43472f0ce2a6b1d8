"""What a newcomer does with `dev` and `demo`."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.support.trust import TRUST


def database_pid(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def pasted(printed: str) -> dict[str, Any]:
    """The answer to the printed line: the shell's, or without curl that of the request that the line describes."""
    (line,) = [line for line in printed.splitlines() if line.startswith("curl ")]
    if shutil.which("curl") is not None:
        return json.loads(subprocess.run(["sh", "-c", line], capture_output=True, check=True, timeout=30).stdout)
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    (url,) = [word for word in words if word.startswith("http://")]
    return httpx.post(url, headers=headers, content=words[words.index("-d") + 1], timeout=30, verify=TRUST).json()


def assert_nested(answer: dict[str, Any]) -> None:
    assert "errors" not in answer, answer
    customer = answer["data"]["customer"]
    children = customer["parent"]["children"]["nodes"]
    assert customer["name"] in [child["name"] for child in children]
    assert customer["name"] != customer["parent"]["name"]
    assert customer["group"]["name"]
    assert all(contact["name"] for contact in customer["contacts"])
    assert all(department["name"] for department in customer["departments"])
    assert min(len(customer[edge]) for edge in ("contacts", "departments", "subscriptions")) > 0
