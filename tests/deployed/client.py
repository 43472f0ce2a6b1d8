"""A caller of a deployed service, over real HTTP."""

from collections.abc import Mapping
from typing import Any, Self

import httpx

from tests.support.trust import TRUST

_SECONDS = 30


class Client:
    """Sends GraphQL with one credential."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, verify=TRUST)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, document: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        """The answer to one document."""
        accept = "application/graphql-response+json"
        return self._client.post(
            "/graphql", json={"query": document, "variables": dict(variables or {})}, headers={"accept": accept}
        )

    def data(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        response = self.post(document, variables)
        answer = response.json()
        assert (response.status_code, answer.get("errors")) == (httpx.codes.OK, None), (document, response.text)
        return answer["data"]

    def codes(self, document: str, variables: Mapping[str, Any] | None = None) -> list[str]:
        """The codes of an answer's errors."""
        return [error["extensions"]["code"] for error in self.post(document, variables).json().get("errors", [])]
