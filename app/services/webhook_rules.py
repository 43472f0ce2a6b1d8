"""What a webhook endpoint may be, judged by the settings, the schema and the credential that writes it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.domain.errors import ErrorCode, Problem
from app.domain.identity import Scope
from app.domain.webhook_fields import READ_SCOPES, scope_problem, type_problems
from app.domain.webhook_urls import url_problems

_DOCUMENT = ("document",)


class CheckedDocument(NamedTuple):
    """What the schema says about a document."""

    faults: Sequence[str]
    """What is wrong with it, as messages of problems: "must be …"."""
    scopes: frozenset[Scope] = frozenset()
    """The scopes that its fields need."""


CheckDocument = Callable[[str], Awaitable[CheckedDocument]]


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """The rules of the service."""

    check_document: CheckDocument
    allows_http: bool = False
    allows_private: bool = False

    async def problems(
        self, *, url: str | None, types: Sequence[str], document: str | None, scopes: frozenset[Scope]
    ) -> list[Problem]:
        """Return why an endpoint with these values and scopes is rejected. None is not judged."""
        found = [] if url is None else self._url_problems(url)
        found += type_problems(types, scopes)
        return found if document is None else [*found, *await self._document_problems(document, scopes)]

    def _url_problems(self, url: str) -> list[Problem]:
        return url_problems(url, allows_http=self.allows_http, allows_private=self.allows_private)

    async def _document_problems(self, document: str, scopes: frozenset[Scope]) -> list[Problem]:
        checked = await self.check_document(document)
        faults = [Problem(ErrorCode.WEBHOOK_DOCUMENT_INVALID, _DOCUMENT, fault) for fault in checked.faults]
        return faults + [scope_problem(_DOCUMENT, scope) for scope in sorted(checked.scopes - scopes)]


@dataclass(frozen=True, slots=True)
class Writer:
    """The scopes of the credential that writes endpoints, and the rules of the service."""

    scopes: frozenset[Scope]
    rules: WebhookRules

    @property
    def shown_scopes(self) -> frozenset[Scope]:
        """The scopes that decide what the events of its endpoints show."""
        return self.scopes & READ_SCOPES

    async def problems(self, values: Mapping[str, Any]) -> list[Problem]:
        """Return why values that were sent are rejected."""
        url, types, document = values.get("url"), values.get("types"), values.get("document")
        return await self.rules.problems(url=url, types=types or (), document=document, scopes=self.shown_scopes)
