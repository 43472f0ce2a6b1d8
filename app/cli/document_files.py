"""Files with documents, as written by clients' build tools."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from app.engine.trusted import MANIFEST_FORMAT, MANIFEST_VERSION, ManifestError, documents_of, problems_of, read_object

_APOLLO_FORMAT = "apollo-persisted-query-manifest"
_KNOWN = (
    f"`format` must be `{MANIFEST_FORMAT}` or `{_APOLLO_FORMAT}`, and `version` must be {MANIFEST_VERSION}; "
    "a file without these must be an object of documents by id, as graphql-codegen and relay-compiler write it"
)


class Registered(NamedTuple):
    """A document in a file."""

    path: Path
    id: str
    text: str


def read_documents(paths: list[Path]) -> list[Registered]:
    """Return all documents of the files. Raise ManifestError with all problems."""
    documents, problems = list[Registered](), list[str]()
    for path in paths:
        try:
            found = _documents(path.read_text(encoding="utf-8-sig"))
            documents += [Registered(path, document_id, text) for document_id, text in found.items()]
        except OSError as error:
            problems.append(f"{path}: can't be read: {error.strerror}.")
        except UnicodeDecodeError:
            problems.append(f"{path}: is not UTF-8.")
        except ManifestError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems:
        raise ManifestError(problems)
    return documents


def _documents(content: str) -> dict[str, str]:
    value = read_object(content)
    written = value.get("format"), value.get("version")
    if written == (MANIFEST_FORMAT, MANIFEST_VERSION):
        return documents_of(value.get("documents"), "documents")
    if written == (_APOLLO_FORMAT, MANIFEST_VERSION):
        return _operations(value.get("operations"))
    if value.keys() & {"format", "version"}:
        msg = f"{_KNOWN}."
        raise ManifestError([msg])
    return documents_of(value, "the file")


def _operations(value: object) -> dict[str, str]:
    """Return the operations of Apollo's manifest. Raise ManifestError with all invalid entries."""
    if not isinstance(value, list) or not value:
        raise ManifestError(["operations must be a list with at least one operation."])
    documents, problems = dict[str, str](), list[str]()
    for place, operation in enumerate(cast("list[object]", value)):
        members = cast("dict[str, object]", operation) if isinstance(operation, dict) else {}
        problems += [f"operations[{place}]: {problem}" for problem in _problems(members, documents)]
        documents.setdefault(str(members.get("id")), str(members.get("body")))
    if problems:
        raise ManifestError(problems)
    return documents


def _problems(operation: dict[str, object], before: dict[str, str]) -> Iterator[str]:
    document_id, text = operation.get("id"), operation.get("body")
    yield from problems_of(document_id, text)
    if before.get(str(document_id), text) != text:
        yield f"{document_id} is also the id of an operation with another body."
