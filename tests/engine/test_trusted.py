"""Manifests of trusted documents: read as they were written, or refused with everything that is wrong."""

import json

import pytest

from app.engine.trusted import (
    MANIFEST_FORMAT,
    ManifestError,
    TrustedDocuments,
    read_manifest,
    sha256_of,
    write_manifest,
)

HELLO, SUBJECT = "{hello}", "{subject}"


def test_a_manifest_is_sorted_and_read_as_it_was_written() -> None:
    one, other = {"b": '{hello(name: "Å 🏊")}', "a": SUBJECT}, {"a": SUBJECT, "b": '{hello(name: "Å 🏊")}'}
    written = write_manifest(TrustedDocuments(one))

    assert written == write_manifest(TrustedDocuments(other))
    assert dict(read_manifest(written)) == one
    assert list(json.loads(written)["documents"]) == ["a", "b"]


def manifest(documents: object) -> str:
    """A manifest of something."""
    return json.dumps({"format": MANIFEST_FORMAT, "version": 1, "documents": documents})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is not JSON"]),
        ("{", ["is not JSON"]),
        ("[" * 100_000, ["nests too deeply"]),
        ("[]", ["must be a JSON object"]),
        ("{}", [f'"format": "{MANIFEST_FORMAT}"']),
        (json.dumps({"format": MANIFEST_FORMAT, "version": 2, "documents": {"a": HELLO}}), ['"version": 1']),
        (json.dumps({"a": HELLO}), ["write it with `customer-gateway documents`"]),
        (manifest([]), ["documents must be an object"]),
        (manifest({}), ["at least one"]),
        (manifest({"a b": HELLO, "a": 1, "": None}), ['"a b" is no', '"a" must', '"" is no', '"" must']),
        (manifest({"a" * 257: HELLO}), ["at most 256 characters"]),
        (manifest({"md5:abc": HELLO, "sha256:abc": HELLO}), ['"md5:abc" is no', '"sha256:abc" is no']),
        (manifest({"sha256:" + "0" * 64: HELLO}), [f"is not the SHA-256 of its text, which is {sha256_of(HELLO)}"]),
        (manifest({sha256_of(HELLO): SUBJECT, "a": HELLO}), ["share the id"]),
        (manifest({"a": HELLO})[:-2] + ', "a": "{subject}"}}', ['"a" occurs twice']),
        ('{"format": "\\ud800"}', ["surrogate"]),
    ],
)
def test_what_is_no_manifest_is_rejected_with_everything_that_is_wrong(content: str, words: list[str]) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(content)

    assert len(caught.value.problems) == len(words)
    for problem, word in zip(caught.value.problems, words, strict=True):
        assert word in problem


def test_ids_of_other_methods_are_ids() -> None:
    ids = ["x-mine:abc", "A.b_c~d-e", "0" * 32, "0" * 40, f"sha256:{sha256_of(HELLO)}"]

    assert [document_id for document_id, _ in read_manifest(manifest(dict.fromkeys(ids, HELLO)))] == ids
