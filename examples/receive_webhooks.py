"""Receive webhooks: verify each one, and store its event once.

pip install standardwebhooks
WEBHOOK_SECRET=whsec_… python examples/receive_webhooks.py 9000 events.sqlite
"""

import os
import sqlite3
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

PORT, DATABASE = int(sys.argv[1]), sys.argv[2]
WEBHOOK = Webhook(os.environ["WEBHOOK_SECRET"])
MOST_BYTES = 1_500_000


def store(event: dict[str, Any], body: str) -> bool:
    """Store an event; return False if it is stored already, because an event may be sent more than once."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, type TEXT, body TEXT)")
        values = (event["id"], event["type"], body)
        return database.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", values).rowcount == 1


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 once an event is stored. After any other answer it is sent again, and later ones wait for it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Receive one event."""
        size = int(self.headers.get("content-length", 0))
        if size > MOST_BYTES:
            self.send_error(413)
            return
        body = self.rfile.read(size).decode()
        try:
            event = WEBHOOK.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_error(401)
            return
        if store(event, body):
            print(event["type"], event["subjectId"], f"version {event['version']}", flush=True)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
