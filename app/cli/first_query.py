"""The text that `dev` prints once it listens: the service's address, a token, and a query to paste."""

import json
import shlex

# The demo customer 2 has a parent, so the answer shows every kind of edge.
_QUERY = (
    '{ customer(by: {customerNumber: "2"}) { name group { name } parent { name children(first: 3) { nodes { name } } } '
    "contacts { name email } departments { name } subscriptions { status } } }"
)


def curl_line(url: str, credential: str, query: str = _QUERY) -> str:
    """Return a curl command on one line. `credential`: a header with its name."""
    body = json.dumps({"query": query})
    headers = [credential, "content-type: application/json"]
    return shlex.join(["curl", "-sS", url, *(part for header in headers for part in ("-H", header)), "-d", body])


def welcome(address: str, token: str, program: str, *, rest: bool) -> str:
    """Return the text; its last line is a curl command. `rest`: whether REST endpoints are served."""
    endpoint = f"{address}/graphql"
    return "\n".join(
        (
            "",
            f"Service   {address}",
            f"GraphQL   {endpoint}",
            f"Explorer  {endpoint} (in a browser)",
            *((f"REST      {address}/v1/docs (in a browser)",) if rest else ()),
            f"Token     {token}",
            f"Commands  {program} --help (in another shell, here; they use this service's database)",
            "",
            "Ctrl-C stops the service and its database. A first query, to paste into another shell:",
            "",
            curl_line(endpoint, f"authorization: Bearer {token}"),
            "",
        )
    )
