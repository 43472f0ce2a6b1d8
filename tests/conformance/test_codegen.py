"""Types for TypeScript, generated from the running service, hold a strict client to it."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.support.conformance_page import Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service


def test_the_client_preset_with_strict_scalars_generates_true_types_that_compile(
    npm: NodePackages, service: Service, workshop: Callable[[str], Path], proved: Proved
) -> None:
    folder = workshop("codegen")
    npm.run(npm.program("graphql-codegen"), "--config", "codegen.mjs", within=folder, environment=service.environment())
    npm.run(npm.program("tsc"), "--project", ".", within=folder)
    answer = json.loads(npm.run(folder / "built" / "client.js", service.url, service.token()))

    assert answer == {"names": ["Nordlys Gruppen A/S", "Nordlys Ærø ApS"], "codes": ["CUSTOMER_GROUP_NOT_FOUND"]}
    proved(
        "Clients",
        "@graphql-codegen/cli, client-preset",
        f"{npm.version('@graphql-codegen/cli')}, {npm.version('@graphql-codegen/client-preset')}",
        "types from the running service, with strict scalars",
    )
    proved(
        "Clients",
        "typescript",
        npm.version("typescript"),
        "`tsc --strict` accepts a client of these types, rejects wrong ones, and the client's round trips are as typed",
    )
