"""Ask the service and print the answer: `python3 ask.py DOCUMENT.graphql [VARIABLES] [--only PATH]`.

URL and API_KEY are environment variables. A path such as `parent.id` prints only that value of the answer.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

FOLDER = Path(__file__).parent


def ask(document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to the document in a file of this folder."""
    body = json.dumps({"query": (FOLDER / document).read_text("utf-8"), "variables": variables}).encode()
    headers = {"content-type": "application/json", "x-api-key": os.environ["API_KEY"]}
    try:
        with urlopen(Request(f"{os.environ['URL']}/graphql", body, headers)) as response:  # noqa: S310 - the reader's own URL
            answer = json.load(response)
    except HTTPError as error:
        raise SystemExit(error.read().decode()) from error
    if "errors" in answer:
        raise SystemExit(json.dumps(answer["errors"], indent=2, ensure_ascii=False))
    return answer["data"]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Ask the service and print the answer.")
    parser.add_argument("document")
    parser.add_argument("variables", nargs="?", default="{}", type=json.loads, help="JSON")
    parser.add_argument("--only", help="the path of a value of the answer, such as parent.id")
    arguments = parser.parse_args()
    value: Any = ask(arguments.document, arguments.variables)
    for name in arguments.only.split(".") if arguments.only else ():
        value = value[name]
    print(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
