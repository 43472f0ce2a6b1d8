"""Relay's compiler accepts the schema, and its runtime pages, reads again and finds by id with what the compiler
made."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copy

from tests.support.conformance_page import ROOT, Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service

CHILDREN = ["Nordlys Ærø ApS", "Nordlys Skagen ApS", "Nordlys Aarhus ApS"]
PARENT = "Nordlys Gruppen A/S"


def test_relay_compiles_connections_refetches_and_nodes_and_stores_their_answers(
    npm: NodePackages, service: Service, workshop: Callable[[str], Path], proved: Proved
) -> None:
    folder = workshop("relay")
    copy(ROOT / "schema.graphql", folder)
    (folder / "artifacts").mkdir()
    npm.run(npm.program("relay-compiler"), "relay.config.json", within=folder)
    answer = json.loads(npm.run("run.js", within=folder, environment=service.environment()))

    assert answer["faults"] == []
    assert (answer["firstPage"], answer["list"]) == ([PARENT, CHILDREN[0]], [PARENT, *CHILDREN])
    assert (answer["firstChildren"], answer["children"]) == (CHILDREN[:1], CHILDREN)
    assert answer["node"] == ["Customer", PARENT]
    assert answer["contact"]
    assert len(answer["contacts"]) > len(answer["firstContacts"]) == 1
    assert answer["missing"] is None
    compiler, runtime = npm.version("relay-compiler"), npm.version("relay-runtime")
    proved(
        "Relay",
        "relay-compiler",
        compiler,
        "connections, refetchable fragments and node queries compile against schema.graphql",
    )
    proved("Relay", "relay-runtime", runtime, "a list at the root and one below a node are paged in the store")
    proved(
        "Relay",
        "relay-runtime",
        runtime,
        "`node` finds a customer, refetches a contact, and is null for an unknown id",
    )
