"""An issuer of tokens for tests, which signs with real keys and publishes them over HTTP on the loopback interface."""

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

NAME = "https://issuer.example"
AUDIENCE = "https://billing.example"
COMPANY = UUID("0190a000-0000-7000-8000-000000000001")

PrivateKey = Ed25519PrivateKey | RSAPrivateKey


def claims(**changes: object) -> dict[str, Any]:
    """Return the claims of a valid token with some of them changed; None leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": NAME,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 600,
        "sub": "ada",
        "company_id": str(COMPANY),
        "scope": "customers-read",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sign(key: PrivateKey, kid: str | None = None, **changes: object) -> str:
    """Return a token signed with this key."""
    algorithm = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "RS256"
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=None if kid is None else {"kid": kid})


def public_jwk(key: PrivateKey, kid: str | None = None) -> dict[str, Any]:
    """Return the public half of a key as an issuer publishes it."""
    if isinstance(key, Ed25519PrivateKey):
        published = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        published = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return published if kid is None else {**published, "kid": kid}


class Issuer:
    """A server of one key set that counts its requests, and can be slow, wrong or unavailable."""

    def __init__(self, *jwks: dict[str, Any]) -> None:
        self.body = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.fetches = 0
        self.drips = False
        """Whether answers arrive byte by byte and never end."""
        self.open_gate = threading.Event()
        """Answers wait while this is cleared."""
        self.open_gate.set()
        self.publish(*jwks)
        self._server = self._start(0)
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/keys"

    def publish(self, *jwks: dict[str, Any]) -> None:
        """Answer with these keys from now on."""
        self.body = json.dumps({"keys": jwks}).encode()

    def leave(self) -> None:
        """Stop answering: connections are refused."""
        self.open_gate.set()
        self.drips = False
        self._server.shutdown()
        self._server.server_close()

    def come_back(self) -> None:
        """Listen again at the same address."""
        self._server = self._start(self.port)

    def _start(self, port: int) -> ThreadingHTTPServer:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                issuer.open_gate.wait(10)
                self.send_response(issuer.status)
                for name, value in issuer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(issuer.body)
                with suppress(OSError):
                    while issuer.drips:
                        self.wfile.write(b" ")
                        time.sleep(0.02)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
                """Keep the tests' output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server
