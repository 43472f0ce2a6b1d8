"""Strawberry's internals are used in one module only."""

import ast
import re
from pathlib import Path

import pytest

from tests.contract.strawberry_uses import (
    DOCUMENTED_ATTRIBUTES,
    SHARED,
    attributes_of_objects,
    internals,
    undocumented_imports,
)
from tests.support.sources import MODULES, ROOT, nodes_of

APP = ROOT / "app"
SEAM = APP / "graphql" / "strawberry_seam.py"
OTHERS = [path for path in MODULES if path != SEAM]
REACHING = [path for path in OTHERS if path.relative_to(APP).parts[0] in {"graphql", "engine", "web"}]
"""The modules that Strawberry's objects reach. The layers below import neither Strawberry nor these."""


def nodes_in(source: str) -> list[ast.AST]:
    return [*ast.walk(ast.parse(source))]


@pytest.mark.parametrize("module", OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_seam_uses_what_strawberry_does_not_document(module: Path) -> None:
    # A module that Strawberry's objects don't reach has to name it to use it.
    nodes = nodes_of(module, "" if module in REACHING else "strawberry")
    used = [*undocumented_imports(nodes), *(internals(nodes) if module in REACHING else ())]
    assert used == [], f"Give {SEAM.name} a name for {used}, with the reason, and import that."


def test_only_modules_that_are_searched_for_attributes_import_strawberry() -> None:
    importing = {path for path in OTHERS if re.search(r"(?m)^\s*(from|import) strawberry\b", path.read_text())}
    assert len(importing) > 20
    assert importing - {*REACHING} == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import strawberry.printer", "import strawberry.printer"),
        ("import strawberry as sb; sb.types.base", "import strawberry as sb"),
        ("import strawberry.types.base as base", "import strawberry.types.base as base"),
        ("from strawberry import types", "strawberry.types"),
        ("from strawberry.types.base import StrawberryList", "strawberry.types.base.StrawberryList"),
        ("from strawberry import federation as f", "strawberry.federation"),
        ("from strawberry import federation; federation.schema", "strawberry.federation.schema"),
        ("import strawberry; strawberry.types", "strawberry.types"),
        ("import strawberry; strawberry.federation.schema", "strawberry.federation.schema"),
        ("schema._schema", "_schema"),
        ('getattr(schema, "_schema")', "_schema"),
        ("info._raw_info", "_raw_info"),
        ("info._field", "_field"),
        ("field.origin", "origin"),
        ("field.type_annotation", "type_annotation"),
        ("field.base_resolver", "base_resolver"),
        ("info.schema.get_type_by_name", "get_type_by_name"),
        ('field.extensions["strawberry-definition"]', "strawberry-definition"),
    ],
)
def test_each_way_into_the_internals_is_found(source: str, found: str) -> None:
    nodes = nodes_in(source)
    assert [*undocumented_imports(nodes), *internals(nodes)] == [found]


def test_documented_uses_and_own_attributes_are_allowed() -> None:
    nodes = nodes_in(
        "import strawberry\n"
        "from strawberry import Maybe, federation\n"
        "@federation.type(keys=['id'])\n"
        "class Thing:\n"
        "    name: Maybe[str] = strawberry.federation.field(description='')\n"
        "    def origin(self):\n"
        "        return self.origin\n"
    )
    assert [*undocumented_imports(nodes), *internals(nodes)] == []


def test_each_attribute_that_is_allowed_is_one_of_strawberry_and_used() -> None:
    allowed = DOCUMENTED_ATTRIBUTES | SHARED
    used = {node.attr for path in REACHING for node in nodes_of(path, "") if isinstance(node, ast.Attribute)}
    assert allowed - attributes_of_objects() == set()
    assert allowed - used == set()
