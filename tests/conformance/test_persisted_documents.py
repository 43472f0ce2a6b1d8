"""Apollo Client sends documents by their hashes: with the service's memory, without it, and where only registered ones
run."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import run
from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Seeded, Service, serving

_SCRIPT, _PACKAGE = "clients/persisted.mjs", "@apollo/client"
NAMES = ["Nordlys Gruppen A/S", "Nordlys Ærø ApS"]


def asked(npm: NodePackages, service: Service, *options: str) -> dict[str, Any]:
    """For each query what was sent (method, hash, text, status) and what came back."""
    return json.loads(npm.run(_SCRIPT, "ask", *options, environment=service.environment()))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_text_is_sent_once_and_its_hash_from_then_on(
    npm: NodePackages, seeded: Seeded, proved: Proved, tmp_path: Path, method: str
) -> None:
    with serving(seeded, tmp_path) as service:
        answer = asked(npm, service, method)

    hash_alone, with_text = [method, True, False], ["POST", True, True]
    assert answer["first"]["sent"] == [[*hash_alone, 400], [*with_text, 200]]
    assert answer["again"]["sent"] == [[*hash_alone, 200]]
    assert answer["first"]["names"] == answer["again"]["names"] == NAMES
    claim = f"automatic persisted queries by {method}: the text is sent once, then its hash"
    proved("Clients", _PACKAGE, npm.version(_PACKAGE), claim)


def test_where_nothing_is_kept_the_client_sends_texts(
    npm: NodePackages, seeded: Seeded, proved: Proved, tmp_path: Path
) -> None:
    with serving(seeded, tmp_path, PERSISTED_QUERY_CACHE_SIZE="0") as service:
        answer = asked(npm, service)

    assert [request[1:] for request in answer["first"]["sent"]] == [[True, False, 400], [False, True, 200]]
    assert [request[1:] for request in answer["again"]["sent"]] == [[False, True, 200]]
    assert answer["again"]["names"] == NAMES
    claim = "automatic persisted queries turned off: after one answer it sends texts"
    proved("Clients", _PACKAGE, npm.version(_PACKAGE), claim)


def test_where_only_registered_documents_run_their_hashes_do_and_nothing_else(
    npm: NodePackages, seeded: Seeded, proved: Proved, tmp_path: Path
) -> None:
    built, manifest = tmp_path / "persisted-documents.json", tmp_path / "trusted.json"
    built.write_text(npm.run(_SCRIPT, "register", environment={"SERVICE_URL": "", "SERVICE_TOKEN": ""}))
    assert run("documents", built, "--out", manifest).returncode == 0

    with serving(seeded, tmp_path, TRUSTED_DOCUMENTS_FILE=str(manifest), TRUSTED_ONLY="true") as service:
        answer = asked(npm, service)

    for exchange in (answer["first"], answer["again"]):
        assert [sent[1:] for sent in exchange["sent"]] == [[True, False, 200]]
        assert exchange["names"] == NAMES
    assert answer["other"]["codes"] == ["DOCUMENT_NOT_TRUSTED"]
    assert [sent[1:3] for sent in answer["other"]["sent"]] == [[True, False]]
    claim = "trusted documents: registered ones run by their hashes, others are rejected without a retry"
    proved("Clients", _PACKAGE, npm.version(_PACKAGE), claim)
