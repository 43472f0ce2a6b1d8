"""What describes the REST endpoints: the OpenAPI document, and the page that shows it. Neither needs a credential.

Both contain no data, and are the same for all callers.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import ErrorCode
from app.rest.controls import IF_MATCH, condition_of
from app.rest.openapi.document import text
from app.rest.preconditions import is_unchanged, tag_of
from app.web.answers import Answer
from app.web.envelope import request_id_of
from app.web.graphql_request import headers_of
from app.web.http_errors import http_error_of
from app.web.operation_endpoint import not_allowed
from app.web.rest_errors import RestError, as_rest, of_http_error
from app.web.rest_requests import requested_path

DOCUMENT_PATH = "/v1/openapi.json"
DOCS_PATH = "/v1/docs"

_METHODS = "GET, HEAD"
_Page = Callable[[Mapping[str, str]], Answer]
"""From a request's headers to the answer."""


class RestPages:
    """ASGI middleware that answers requests for the document and the page, and passes on all others."""

    def __init__(self, app: ASGIApp, docs: Answer | None) -> None:
        """`docs`: the page that shows the document; None leaves it out."""
        self._app = app
        self._pages: dict[str, _Page] = {DOCUMENT_PATH: _Document().answer}
        if docs is not None:
            self._pages[DOCS_PATH] = lambda _headers: docs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        path = requested_path(scope)
        page = None if path is None else self._pages.get(path)
        if page is None:
            await self._app(scope, receive, send)
            return
        try:
            answer = _answer(page, scope)
        except Exception as error:  # noqa: BLE001 - every exception becomes a response
            rest_error = as_rest(error) or of_http_error(http_error_of(error, request_id_of(scope)))
            answer = rest_error.answer(scope["path"])
        await answer.send(send)


def _answer(page: _Page, scope: Scope) -> Answer:
    if scope["method"] not in _METHODS.split(", "):
        msg = f"This path accepts {_METHODS} only."
        raise not_allowed(msg, _METHODS)
    return page(headers_of(scope))


class _Document:
    """The OpenAPI document, which is made when it is first requested."""

    def __init__(self) -> None:
        self._answer: Answer | None = None
        self._tag = ""

    def answer(self, headers: Mapping[str, str]) -> Answer:
        """Return the document, or 304 if the client has it already. Raise RestError and Invalid for `If-Match`."""
        answer = self._answer or self._make()
        condition = condition_of(headers)
        if condition.tags and self._tag not in condition.tags:
            message = f"{IF_MATCH} has no ETag of the document as it is now: leave it out to read the document."
            raise RestError(412, ErrorCode.VERSION_CONFLICT, message)
        if is_unchanged(headers.get("if-none-match"), self._tag):
            return replace(answer, status=304, body=b"")
        return answer

    def _make(self) -> Answer:
        body = text().encode()
        self._tag = tag_of(hashlib.sha256(body).hexdigest()[:32])
        # Clients may keep it, but ask whether it is still the same: it changes with the service's version.
        self._answer = Answer(200, body, headers=(("etag", self._tag),), caching=b"no-cache")
        return self._answer
