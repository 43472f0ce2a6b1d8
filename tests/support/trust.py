"""The trust store of HTTP clients in tests, loaded once: loading it takes httpx 0.06 s of CPU time for each client."""

import ssl

TRUST = ssl.create_default_context()
