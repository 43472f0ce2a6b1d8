"""Single requests that are not timed: for cursors, and for answers to compare."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from bench.dialects import Dialect, dialect_of
from bench.failures import BenchError
from bench.load import HOST, request
from bench.servers import Running

_SECONDS = 60
_OK = 200


class Answer(NamedTuple):
    """A response's status, and its body if that is JSON."""

    status: int
    body: Any

    @property
    def data(self) -> Any:
        """The data; None if the request failed or has errors."""
        if self.status != _OK or self.body is None or "errors" in self.body:
            return None
        return self.body.get("data")


class Asker:
    """A client of one server, with that server's documents."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._dialect: Dialect = dialect_of(running.server.name)
        self.documents: Mapping[str, str] = self._dialect.documents

    def ask(self, document: str, variables: Mapping[str, Any], token: str | None = None) -> Answer:
        """Return the answer to a document. Default token: the server's; "" sends none."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        token = self.running.token if token is None else token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(HOST, self.running.port, timeout=_SECONDS)
        try:
            connection.request("POST", "/graphql", json.dumps({"query": document, "variables": variables}), headers)
            response = connection.getresponse()
            return Answer(response.status, _parsed(response.read()))
        finally:
            connection.close()

    def data(self, document: str, variables: Mapping[str, Any], token: str | None = None) -> Any:
        """Return the data of an answer. Raise BenchError if it has none."""
        answer = self.ask(document, variables, token)
        if answer.data is None:
            shown = json.dumps(answer.body, ensure_ascii=False)[:1_000]
            msg = (
                f"{self.running.server.name} answered {answer.status} to {document.split('(', maxsplit=1)[0]}"
                f" {variables}: {shown}"
            )
            raise BenchError(msg)
        return answer.data

    def answer(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Return the data of a query's answer in this service's form."""
        return self._dialect.normalized(query, self.data(self.documents[query], variables))

    def cursors(self, page: int, pages: int, token: str | None = None) -> list[str]:
        """Return the server's cursors at the ends of this number of pages."""
        found: list[str] = []
        after: str | None = None
        for _ in range(pages):
            info = self.data(self._dialect.walk, {"first": page, "after": after}, token)["customers"]["pageInfo"]
            after = info["endCursor"]
            if after is None or not info["hasNextPage"]:
                msg = f"the list of {self.running.server.name} ends after {len(found) + 1} pages of {page}"
                raise BenchError(msg)
            found.append(after)
        return found

    def requests(self, query: str, rotated: list[Mapping[str, Any]], token: str | None = None) -> list[bytes]:
        """Return the bytes of a query's requests, one for each set of variables."""
        document = self.documents[query]
        return [request(self.running.port, document, variables, token or self.running.token) for variables in rotated]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
