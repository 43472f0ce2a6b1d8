"""`documents`: what the builds of clients write becomes one manifest, or nothing is written and everything wrong is
said."""

import json
from hashlib import md5, sha1, sha256
from pathlib import Path

import pytest

from app.engine.trusted import read_manifest
from tests.support.commands import run, run_anew

VIEWER = "query Viewer { viewer { company { name } } }"
CUSTOMER = "query Customer($id: ID!) { customer(by: { id: $id }) { name __typename } }"
RENAME = "mutation Rename($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { message } } }"
BEFORE = "what was there"


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def apollo(*operations: object) -> dict[str, object]:
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


def operation(text: str, document_id: str | None = None) -> dict[str, object]:
    kind, name = text.split("(", maxsplit=1)[0].split()[:2]
    return {"id": document_id or hashed(text), "name": name, "type": kind, "body": text}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A manifest that is there already."""
    path = tmp_path / "manifest.json"
    path.write_text(BEFORE)
    return path


def test_what_each_build_writes_becomes_one_sorted_manifest(tmp_path: Path, output: Path) -> None:
    relay_id, codegen_id = md5(VIEWER.encode()).hexdigest(), sha1(CUSTOMER.encode()).hexdigest()  # noqa: S324 - what those builds use
    relay = written(tmp_path / "relay.json", {relay_id: VIEWER})
    codegen = written(tmp_path / "codegen.json", {f"sha256:{hashed(RENAME)}": RENAME, codegen_id: CUSTOMER})
    list_of_apollo = written(tmp_path / "apollo.json", apollo(operation(VIEWER), operation(RENAME, "rename")))

    result = run("documents", relay, codegen, list_of_apollo, "--out", output)

    assert (result.returncode, result.stdout, result.stderr) == (0, f"Trusted documents in {output}: 5.\n", "")
    documents = {
        relay_id: VIEWER,
        codegen_id: CUSTOMER,
        f"sha256:{hashed(RENAME)}": RENAME,
        hashed(VIEWER): VIEWER,
        "rename": RENAME,
    }
    assert dict(read_manifest(output.read_text())) == documents
    assert list(json.loads(output.read_text())["documents"]) == sorted(documents)
    assert output.stat().st_mode & 0o777 == 0o644


def test_a_manifest_can_be_added_to_and_is_the_same_however_it_came_about(tmp_path: Path) -> None:
    one, other = written(tmp_path / "a.json", {"a": VIEWER}), written(tmp_path / "b.json", {"b": CUSTOMER})
    grown, whole = tmp_path / "grown.json", tmp_path / "whole.json"

    assert run_anew("documents", other, "--out", grown).returncode == 0
    assert run_anew("documents", grown, one, one, "--out", grown).returncode == 0
    assert run_anew("documents", one, other, "--out", whole).returncode == 0

    assert grown.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json", "grown.json", "whole.json"]


def test_all_documents_that_can_not_run_are_named_together_and_nothing_is_written(tmp_path: Path, output: Path) -> None:
    nested = "query Greedy { customers(first: 500) { nodes { children(first: 500) { nodes { name } } } } }"
    first = written(
        tmp_path / "first.json",
        {
            "fine": VIEWER,
            "old": "{ viewer { gone missing } }",
            "broken": "{",
            "greedy": nested,
            "live": "subscription { x: changes { id } y: changes { id } }",
        },
    )
    second = written(tmp_path / "second.json", {"later": "{ viewer { ... @defer { subject } } }", "fine": CUSTOMER})

    result = run("documents", first, second, "--out", output)

    assert result.returncode == 1
    for place, words in [
        ("first.json: old", "Cannot query field 'gone' on type 'Viewer'."),
        ("first.json: old", "Cannot query field 'missing' on type 'Viewer'."),
        ("first.json: broken", "Syntax Error"),
        ("first.json: greedy", "the limit is 100,000"),
        ("first.json: live", "Anonymous Subscription must select only one top level field."),
        ("second.json: later", "Unknown directive '@defer'. Incremental delivery is not supported"),
        ("second.json: fine", "is also the id of another document, in"),
    ]:
        assert [line for line in result.stderr.splitlines() if place in line and words in line], (place, words)
    assert "first.json: fine" not in result.stderr
    assert "(line 1, column 12)" in result.stderr
    assert output.read_text() == BEFORE


def test_the_limits_are_those_of_the_service(tmp_path: Path, output: Path) -> None:
    file = written(tmp_path / "a.json", {"a": VIEWER})
    result = run("documents", file, "--out", output, MAX_DEPTH="2")

    assert result.returncode == 1
    assert "The operation nests fields 3 deep; the limit is 2." in result.stderr
    assert output.read_text() == BEFORE


def test_a_hash_that_is_not_that_of_its_text_is_rejected(tmp_path: Path, output: Path) -> None:
    file = written(tmp_path / "a.json", {f"sha256:{hashed(CUSTOMER)}": VIEWER, hashed(VIEWER): CUSTOMER, "b": VIEWER})
    result = run("documents", file, "--out", output)

    assert result.returncode == 1
    assert f"is not the SHA-256 of its text, which is {hashed(VIEWER)}" in result.stderr
    assert f"share the id {hashed(VIEWER)}" in result.stderr
    assert output.read_text() == BEFORE


def test_all_files_that_hold_no_documents_are_named_together(tmp_path: Path, output: Path) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"a": "\xe6"}')
    broken = tmp_path / "broken.json"
    broken.write_text('{"a":')
    files = [
        latin,
        broken,
        written(tmp_path / "empty.json", {}),
        written(tmp_path / "list.json", [VIEWER]),
        written(tmp_path / "names.json", {"a b": VIEWER, "c": None}),
        written(tmp_path / "newer.json", {"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}),
        written(tmp_path / "none.json", apollo()),
        written(tmp_path / "odd.json", apollo("x", {"id": "a"}, operation(VIEWER, "b"), operation(CUSTOMER, "b"))),
        tmp_path / "missing.json",
    ]

    result = run("documents", *files, "--out", output)

    assert result.returncode == 2
    for name, words in [
        ("latin", "is not UTF-8"),
        ("broken", "is not JSON"),
        ("empty", "at least one"),
        ("list", "must be a JSON object"),
        ("names", '"a b" is no document id'),
        ("names", '"c" must have the document\'s text'),
        ("newer", "`format` must be"),
        ("none", "at least one operation"),
        ("odd", "operations[0]: null is no document id"),
        ("odd", 'operations[1]: "a" must have the document\'s text'),
        ("odd", "operations[3]: b is also the id of an operation"),
        ("missing", "can't be read: No such file or directory"),
    ]:
        assert [line for line in result.stderr.splitlines() if f"{name}.json: " in line and words in line], (
            name,
            words,
        )
    assert output.read_text() == BEFORE


def test_a_manifest_that_can_not_be_written_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = written(tmp_path / "a.json", {"a": VIEWER})
    folder = tmp_path / "missing" / "manifest.json"
    result = run("documents", file, "--out", folder)

    assert result.returncode == 2
    assert result.stderr == f"Error: {folder} can't be written: No such file or directory.\n"


def test_the_command_does_not_need_the_manifest_that_it_is_to_write(tmp_path: Path) -> None:
    file, manifest = written(tmp_path / "a.json", {"a": VIEWER}), tmp_path / "manifest.json"
    result = run("documents", file, "--out", manifest, TRUSTED_ONLY="true", TRUSTED_DOCUMENTS_FILE=str(manifest))

    assert result.returncode == 0
    assert manifest.exists()


def test_the_old_name_of_the_option_goes_on_but_is_not_advertised(tmp_path: Path, output: Path) -> None:
    file = written(tmp_path / "a.json", {"a": VIEWER})
    assert run("documents", file, "--output", output).returncode == 0
    assert list(json.loads(output.read_text())["documents"]) == ["a"]
    printed = run("documents", "--help").stdout
    assert "--out " in printed
    assert "--output" not in printed
