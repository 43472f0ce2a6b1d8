"""Trusted documents: read and write the manifest that registers them, and find them by id."""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import cast

MANIFEST_FORMAT = "customer-gateway-trusted-documents"
MANIFEST_VERSION = 1

SHA256_PREFIX = "sha256:"
DOCUMENT_ID_SHAPE = "`sha256:` and 64 lower-case hexadecimal digits, or letters, digits, `-`, `.`, `_` and `~`"

_MAX_ID = 256
_UNRESERVED = r"[A-Za-z0-9._~-]+"
_DOCUMENT_ID = re.compile(rf"sha256:[0-9a-f]{{64}}|(x-{_UNRESERVED}:)?{_UNRESERVED}")


class ManifestError(Exception):
    """A text is not a valid manifest."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TrustedDocuments:
    """Documents by their registered ids, and by the SHA-256 of their texts."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        """Take texts by id; raise ManifestError if an id has two texts."""
        self._documents = documents
        self._texts = frozenset(documents.values())
        self._by_id: dict[str, str] = {}
        problems = [problem for document_id, text in documents.items() for problem in self._add(document_id, text)]
        if problems:
            raise ManifestError(problems)

    def _add(self, document_id: str, text: str) -> Iterator[str]:
        digest = sha256_of(text)
        if document_id.startswith(SHA256_PREFIX) and document_id != f"{SHA256_PREFIX}{digest}":
            yield f"{document_id} is not the SHA-256 of its text, which is {digest}."
            return
        for name in (document_id, digest, f"{SHA256_PREFIX}{digest}"):
            if self._by_id.setdefault(name, text) != text:
                yield f"{document_id} and another document share the id {name}, but not the text."

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._documents.items())

    def __len__(self) -> int:
        return len(self._documents)

    def text_of(self, document_id: str) -> str | None:
        """Return the text with an id; None if there is none."""
        return self._by_id.get(document_id)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def is_document_id(value: str) -> bool:
    """Return whether a text is a valid document id by the appendix of GraphQL over HTTP."""
    return len(value) <= _MAX_ID and _DOCUMENT_ID.fullmatch(value) is not None


def read_manifest(content: str) -> TrustedDocuments:
    """Return the documents of a manifest; raise ManifestError with all its problems."""
    value = read_object(content)
    if value.get("format") != MANIFEST_FORMAT or value.get("version") != MANIFEST_VERSION:
        msg = (
            f'must have `"format": "{MANIFEST_FORMAT}"` and `"version": {MANIFEST_VERSION}`: write it with'
            " `customer-gateway documents`."
        )
        raise ManifestError([msg])
    return TrustedDocuments(documents_of(value.get("documents"), "documents"))


def write_manifest(documents: TrustedDocuments) -> str:
    """Return a manifest of these documents, sorted, so that equal documents result in equal files."""
    manifest = {"format": MANIFEST_FORMAT, "version": MANIFEST_VERSION, "documents": dict(sorted(documents))}
    return json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"


def read_object(content: str) -> dict[str, object]:
    """Return the object in a JSON file; raise ManifestError if there is none, or a name is repeated."""
    try:
        value = json.loads(content, object_pairs_hook=_unambiguous)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ManifestError(["is not a manifest: its JSON nests too deeply."]) from None
    except UnicodeEncodeError:
        raise ManifestError(["contains a lone surrogate, which is not a character."]) from None
    except ValueError as error:
        raise ManifestError([f"is not JSON: {error}."]) from None
    if not isinstance(value, dict):
        raise ManifestError(["must be a JSON object."])
    return cast("dict[str, object]", value)


def documents_of(value: object, where: str) -> dict[str, str]:
    """Return the texts of an object by id; raise ManifestError with all invalid entries."""
    if not isinstance(value, dict) or not value:
        raise ManifestError([f"{where} must be an object of documents by id, with at least one."])
    documents = cast("dict[str, object]", value)
    problems = [problem for document_id, text in documents.items() for problem in problems_of(document_id, text)]
    if problems:
        raise ManifestError(problems)
    return cast("dict[str, str]", documents)


def problems_of(document_id: object, text: object) -> Iterator[str]:
    """Return the problems of a document's id and text."""
    shown = json.dumps(document_id, ensure_ascii=False)[: _MAX_ID + 2]
    if not isinstance(document_id, str) or not is_document_id(document_id):
        yield f"{shown} is no document id: that is {DOCUMENT_ID_SHAPE}; at most {_MAX_ID} characters."
    if not isinstance(text, str):
        yield f"{shown} must have the document's text, a string."


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            msg = f"{json.dumps(name)} occurs twice, with different values"
            raise ValueError(msg)
    return found
