"""Reading how a request names its document: by `documentId`, or by the hash of automatic persisted queries."""

import re
from collections.abc import Mapping
from typing import Any, cast

from app.engine.persisted import NamedDocument
from app.engine.trusted import DOCUMENT_ID_SHAPE, SHA256_PREFIX, is_document_id, sha256_of
from app.web.malformed import bad, kind_of

EXTENSION = "persistedQuery"

_VERSION = 1
# Build tools also use other hash functions; the manifest of trusted documents may contain such names.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{32,128}")
_SEND = (
    '`{"version": 1, "sha256Hash": "…"}`, the SHA-256 of the document\'s text in UTF-8 as 64 lower-case hexadecimal'
    " digits"
)


def named_document(text: str | None, document_id: object, extensions: Mapping[str, Any] | None) -> NamedDocument | None:
    """Return the name of the request's document, or None if the request contains only its text."""
    persisted = extensions.get(EXTENSION) if extensions else None
    if persisted is None:
        return None if document_id is None else _checked(NamedDocument(_id(document_id), text))
    digest = _digest(persisted)
    if document_id is not None and _id(document_id).removeprefix(SHA256_PREFIX) != digest.removeprefix(SHA256_PREFIX):
        msg = f"`documentId` and `extensions.{EXTENSION}` name two documents: send one of them."
        raise bad(msg)
    return _checked(NamedDocument(digest, text, automatic=True))


def _id(value: object) -> str:
    if not isinstance(value, str):
        msg = f"`documentId` is {kind_of(value)}: send the document's id as a string."
        raise bad(msg)
    if not is_document_id(value):
        msg = f"`documentId` is invalid: send {DOCUMENT_ID_SHAPE}."
        raise bad(msg)
    return value


def _digest(persisted: object) -> str:
    problems = list[str]()
    if not isinstance(persisted, dict):
        msg = f"`extensions.{EXTENSION}` is {kind_of(persisted)}: send {_SEND}."
        raise bad(msg)
    version, digest = map(cast("dict[str, Any]", persisted).get, ("version", "sha256Hash"))
    # In Python, True == 1.
    if type(version) is not int or version != _VERSION:
        problems.append(f"`version` is not {_VERSION}")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        problems.append("`sha256Hash` is not a hexadecimal hash")
    if problems:
        msg = f"`extensions.{EXTENSION}`: {' and '.join(problems)}; send {_SEND}."
        raise bad(msg)
    return cast("str", digest)


def _checked(named: NamedDocument) -> NamedDocument:
    """Return the name. Raise HttpError (400) if the request also contains a text with another hash."""
    if named.text is None or named.id.removeprefix(SHA256_PREFIX) == sha256_of(named.text):
        return named
    if named.automatic:
        msg = f"`sha256Hash` is not the hash of `query`: send {_SEND}."
    else:
        msg = "`documentId` is not the SHA-256 of `query`: send one of the two, or `sha256:` and the hash of the text."
    raise bad(msg)
