"""Keep a copy of a company's customers in a file: `python3 follow.py FILE`, with URL and API_KEY in the environment.

The first start reads all customers; from then on, only what changes. The cursor is stored together with the copy, so
that a restart misses nothing. Needs httpx. docs/events.md explains the steps.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

READ = """query($after: String) { feedCursor customers(first: 500, after: $after) {
  nodes { id customerNumber name version } pageInfo { hasNextPage endCursor } } }"""
FOLLOW = """query($after: String!) { changes(after: $after, first: 500, types: [CUSTOMER_CREATED, CUSTOMER_UPDATED]) {
  events { subject { ... on Customer { id customerNumber name version } } } endCursor hasNextPage } }"""
CLIENT = httpx.Client(base_url=os.environ["URL"], headers={"x-api-key": os.environ["API_KEY"]})


def ask(document: str, **variables: Any) -> dict[str, Any]:
    """Return the data of a query, with `changes` null if the cursor has expired; end the program at other errors."""
    while True:
        try:
            answer = CLIENT.post("/graphql", json={"query": document, "variables": variables})
            if not answer.is_server_error:
                break
        except httpx.TransportError as error:
            print(f"Trying again: {error}", file=sys.stderr)
        time.sleep(1)
    codes = {error["extensions"]["code"] for error in answer.json().get("errors", [])}
    return answer.json()["data"] if codes <= {"FEED_CURSOR_EXPIRED"} else sys.exit(answer.text)


def read_all() -> dict[str, Any]:
    """Return all customers, and the cursor of the first page: what changes during later pages comes as events."""
    cursor, customers, after = None, dict[str, Any](), None
    while cursor is None or after is not None:
        data = ask(READ, after=after)
        customers |= {customer["id"]: customer for customer in data["customers"]["nodes"]}
        cursor, page = cursor or data["feedCursor"], data["customers"]["pageInfo"]
        after = page["endCursor"] if page["hasNextPage"] else None
    return {"cursor": cursor, "customers": customers}


file = Path(sys.argv[1])
copy = json.loads(file.read_text()) if file.exists() else read_all()
while True:
    file.with_suffix(".new").write_text(json.dumps(copy))
    file.with_suffix(".new").replace(file)
    if (changes := ask(FOLLOW, after=copy["cursor"])["changes"]) is None:
        copy = read_all()
        continue
    copy["customers"] |= {event["subject"]["id"]: event["subject"] for event in changes["events"]}
    copy["cursor"] = changes["endCursor"]
    time.sleep(0 if changes["hasNextPage"] else 1)
