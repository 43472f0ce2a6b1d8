"""Compose the schemas of both subgraphs for the router of docker-compose.yml: `make supergraph`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.commands import ROOT
from tests.support.node import node_packages, succeed

SUPERGRAPH = ROOT / "examples" / "router" / "supergraph.graphql"
SUBGRAPHS = {"SERVICE_URL": "http://service:8000/graphql", "EXAMPLE_URL": "http://invoices:8001/graphql"}
"""Addresses of the subgraphs in docker-compose.yml."""
EXAMPLE = ROOT / "examples" / "invoices-subgraph"
_NPM = ROOT / "tests" / "conformance" / "npm"
_PRINT = "import invoices; print(invoices.schema.as_str())"


def composed() -> str:
    """Return the supergraph."""
    npm = node_packages(_NPM, "the composition of the supergraph")
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        schema = Path(folder) / "invoices.graphql"
        schema.write_text(succeed(sys.executable, "-c", _PRINT, folder=EXAMPLE), encoding="utf-8")
        schemas = {"SERVICE_SCHEMA": str(ROOT / "schema.graphql"), "EXAMPLE_SCHEMA": str(schema)}
        return npm.run("federation/supergraph.mjs", environment=SUBGRAPHS | schemas)


if __name__ == "__main__":
    SUPERGRAPH.write_text(composed(), encoding="utf-8")
    sys.stdout.write(f"Wrote {SUPERGRAPH.relative_to(ROOT)}.\n")
