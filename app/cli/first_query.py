"""What `dev` prints once it listens: where it is, a credential, and a query to paste."""

import json
import shlex

# A demo customer with a parent whose children it is among, so that one answer shows every edge.
_QUERY = (
    '{ customer(by: {customerNumber: "2"}) { name group { name } parent { name children(first: 3) { nodes { name } } } '
    "contacts { name email } departments { name } subscriptions { status } } }"
)


def curl_line(url: str, credential: str, query: str = _QUERY) -> str:
    """Return a request for a shell, in one line; the credential is a whole header."""
    body = json.dumps({"query": query})
    headers = [credential, "content-type: application/json"]
    return shlex.join(["curl", "-sS", url, *(part for header in headers for part in ("-H", header)), "-d", body])


def welcome(address: str, token: str, program: str) -> str:
    """The lines to print; the last begins with `curl`."""
    endpoint = f"{address}/graphql"
    return "\n".join(
        (
            "",
            f"Service   {address}",
            f"GraphQL   {endpoint}",
            f"Explorer  {endpoint} (in a browser)",
            f"Token     {token}",
            f"Commands  {program} --help (in another shell, here; they use this service's database)",
            "",
            "Ctrl-C ends the service and its database. A first query, to paste into another shell:",
            "",
            curl_line(endpoint, f"authorization: Bearer {token}"),
            "",
        )
    )
