"""Tools that judge the schema find nothing, or only what is excepted with a reason."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copy

from tests.support.conformance_page import ROOT, Proved
from tests.support.node import NodePackages
from tests.support.seeded import Service

SCHEMA = ROOT / "schema.graphql"


def test_the_linter_finds_only_exceptions_to_its_rules_for_schemas_and_relay(
    npm: NodePackages, workshop: Callable[[str], Path], proved: Proved
) -> None:
    folder = workshop("lint")
    copy(SCHEMA, folder)
    npm.run(npm.program("eslint"), "--no-color", "--max-warnings=0", "schema.graphql", within=folder)

    package = "@graphql-eslint/eslint-plugin"
    proved(
        "Schema tools", package, npm.version(package), "`schema-recommended` finds nothing but the listed exceptions"
    )
    proved("Schema tools", package, npm.version(package), "`schema-relay` finds nothing but the listed exceptions")


def test_the_linter_still_finds_what_is_wrong(npm: NodePackages, workshop: Callable[[str], Path]) -> None:
    folder = workshop("lint")
    (folder / "schema.graphql").write_text(SCHEMA.read_text() + "\ntype nameless { undescribed: Int }\n")
    report = npm.run("findings.mjs", within=folder)

    assert {"naming-convention", "require-description", "strict-id-in-types"} <= set(json.loads(report))


def test_the_inspector_finds_the_running_schema_equal_to_the_committed_one(
    npm: NodePackages, service: Service, proved: Proved
) -> None:
    answer = json.loads(npm.run("inspect/diff.mjs", SCHEMA, environment=service.environment()))

    assert answer["introspected"] == []
    assert answer["sdl"] == []
    assert answer["introduced"] is True
    assert answer["after a change"] == ["Field 'Customer.customerNumber' changed type from 'String' to 'String!'"]
    package = "@graphql-inspector/core"
    claims = (
        "no change between the introspected schema and the committed one",
        "no change between the schema that a gateway reads from `_service` and the committed one",
    )
    for claim in claims:
        proved("Schema tools", package, npm.version(package), claim)
    claim = "`buildSchema` accepts schema.graphql as it is, with every check"
    proved("Schema tools", "graphql", npm.version("graphql"), claim)
