"""Find documents that a request names instead of sending their text: cached documents and trusted documents."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from app.engine.documents import Document, Documents
from app.engine.request_errors import RequestError, RequestErrorCode, request_error
from app.engine.trusted import SHA256_PREFIX, TrustedDocuments

BYTES_PER_REMEMBERED_TEXT = 2_048
"""Average length of a text that is cached by its hash, in bytes. The cache holds fewer texts if they are longer."""

_NOT_TRUSTED = (
    "Only registered documents may run, and this document is not registered. Send a registered document unchanged, or"
    " its id in `documentId`. The client's build registers documents (`customer-gateway documents`)."
)
_UNKNOWN_ID = (
    "No document has this `documentId`. Send the document's text as `query`, or register it in the client's build "
    "(`customer-gateway documents`)."
)


class NamedDocument(NamedTuple):
    """A document that a request names."""

    id: str
    """The id in a manifest, or the SHA-256 of the text, with or without the prefix."""
    text: str | None = None
    """The text, if it was sent too; the id is then its hash."""
    automatic: bool = False
    """Whether the request uses the format of automatic persisted queries, whose clients expect fixed messages."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """Which documents requests may name, and whether other documents may run."""

    remembered: int = 0
    """Maximum number of texts cached by their hash; 0 turns automatic persisted queries off."""
    trusted: TrustedDocuments = field(default_factory=lambda: TrustedDocuments({}))
    trusted_only: bool = False


class PersistedDocuments:
    """Find documents by name."""

    def __init__(self, documents: Documents, persistence: Persistence) -> None:
        self._documents = documents
        self._trusted = persistence.trusted
        self._trusted_only = persistence.trusted_only
        self._most = persistence.remembered
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0
        self.hits = self.misses = 0
        """Number of cache hits and misses."""
        self.prepare = self._prepare_trusted if persistence.trusted_only else documents.prepare
        """Return the document of a text; raise RequestError."""
        self.prepare_aside = self._prepare_trusted_aside if persistence.trusted_only else documents.prepare_aside
        """Do the same as `prepare`, with uncached texts processed outside the event loop."""

    @property
    def entries(self) -> int:
        """Number of texts that are cached by their hash."""
        return len(self._remembered)

    def known(self, text: str) -> Document | None:
        """Return the document of a cached text that may run; None for all others."""
        return None if self._trusted_only and text not in self._trusted else self._documents.known(text)

    def find(self, named: NamedDocument) -> Document:
        """Return the document with a name; raise RequestError if it is unknown, invalid or not allowed."""
        document = self._documents.prepare(self._text_of(named))
        self._keep(named)
        return document

    async def find_aside(self, named: NamedDocument) -> Document:
        """Do the same as `find`, with uncached documents processed outside the event loop."""
        document = await self._documents.prepare_aside(self._text_of(named))
        self._keep(named)
        return document

    def _text_of(self, named: NamedDocument) -> str:
        """Return the text with a name; raise RequestError if it is unknown or not allowed."""
        if named.text is None:
            return self._trusted.text_of(named.id) or self._recall(_digest_of(named), named)
        if self._trusted_only:
            self._check_trusted(named.text)
        return named.text

    def _keep(self, named: NamedDocument) -> None:
        """Cache a valid text that was sent with its hash."""
        if named.text is not None and named.text not in self._trusted:
            self._remember(_digest_of(named), named.text)

    def _prepare_trusted(self, text: str) -> Document:
        self._check_trusted(text)
        return self._documents.prepare(text)

    async def _prepare_trusted_aside(self, text: str) -> Document:
        self._check_trusted(text)
        return await self._documents.prepare_aside(text)

    def _check_trusted(self, text: str) -> None:
        if text not in self._trusted:
            raise request_error(RequestErrorCode.NOT_TRUSTED, _NOT_TRUSTED)

    def _recall(self, digest: str, named: NamedDocument) -> str:
        text = self._remembered.get(digest)
        if text is None:
            self.misses += 1
            raise self._unknown(named)
        self.hits += 1
        self._remembered.move_to_end(digest)
        return text

    def _unknown(self, named: NamedDocument) -> RequestError:
        if self._trusted_only:
            return request_error(RequestErrorCode.NOT_TRUSTED, _NOT_TRUSTED)
        if not named.automatic:
            return request_error(RequestErrorCode.PERSISTED_NOT_FOUND, _UNKNOWN_ID)
        # Clients compare these messages exactly.
        if not self._most:
            return request_error(RequestErrorCode.PERSISTED_NOT_SUPPORTED, "PersistedQueryNotSupported")
        return request_error(RequestErrorCode.PERSISTED_NOT_FOUND, "PersistedQueryNotFound")

    def _remember(self, digest: str, text: str) -> None:
        if digest in self._remembered:
            self._remembered.move_to_end(digest)
            return
        self._remembered[digest] = text
        self._bytes += len(text.encode())
        while len(self._remembered) > self._most or self._bytes > self._most * BYTES_PER_REMEMBERED_TEXT:
            _, forgotten = self._remembered.popitem(last=False)
            self._bytes -= len(forgotten.encode())


def _digest_of(named: NamedDocument) -> str:
    return named.id.removeprefix(SHA256_PREFIX)
