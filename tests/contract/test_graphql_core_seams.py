"""The internals of graphql-core are imported by two modules, and they still are what these modules need."""

import ast
import importlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from graphql.execution import Executor
from graphql.execution import executor as executor_module

from tests.support.sources import MODULES, ROOT, nodes_of

SEAMS = [ROOT / "app" / package / "graphql_core_seam.py" for package in ("engine", "graphql")]
OTHERS = [path for path in MODULES if path not in SEAMS]
OVERRIDDEN = {
    "Executor.execute_field": ["parent_type", "source", "field_details_list", "path", "position_context"],
    "Executor.complete_value": ["return_type", "field_details_list", "info", "path", "result", "position_context"],
    "Executor.complete_list_value": ["return_type", "field_details_list", "info", "path", "result", "position_context"],
    "Executor.complete_object_value": [
        "return_type",
        "field_details_list",
        "info",
        "path",
        "result",
        "position_context",
    ],
    "Executor.complete_leaf_value": ["result"],
    "Executor.handle_field_error": ["raw_error", "return_type", "field_details_list", "path"],
    "Executor.with_abort_signal": ["awaitable"],
    "Executor.execute_operation": ["serially"],
    "CollectedErrors.add": ["error", "path"],
    "CollectedErrors.has_nulled_position": ["start_path"],
}
"""The methods that the engine's executors override or call, with their parameters."""


def imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """The names that a module imports from graphql-core, or the empty name for a whole module."""
    for node in nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "graphql":
                yield from ((module, alias.name) for alias in names)
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names if alias.name.split(".")[0] == "graphql")
            case _:
                continue


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    return imports(nodes_of(path, "graphql"))


def is_public(module: str, name: str) -> bool:
    """Whether a name is listed by graphql-core, or by the package that it is in."""
    packages = ("graphql", ".".join(module.split(".")[:2]))
    return any(name in importlib.import_module(package).__all__ for package in packages)


def test_only_the_seams_import_what_graphql_core_does_not_list_as_public() -> None:
    private = [
        f"{path.relative_to(ROOT)}: {source}.{name}"
        for path in OTHERS
        for source, name in imports_of(path)
        if not is_public(source, name)
    ]
    advice = "Give graphql_core_seam.py of the package a line for each, with the reason, and import it from there."
    assert private == [], advice


@pytest.mark.parametrize(
    "source",
    [
        "import graphql",
        "import graphql.execution.values",
        "import graphql.execution.values as values",
        "from graphql.execution import values",
        "from graphql.execution.values import get_variable_signature",
        "from graphql import execution as parse",
    ],
)
def test_each_import_of_something_private_is_found(source: str) -> None:
    """A whole module is private too, because its attributes are not searched for."""
    assert [is_public(*found) for found in imports(ast.walk(ast.parse(source)))] == [False]


@pytest.mark.parametrize(
    ("module", "name"), sorted({found for seam in SEAMS for found in imports_of(seam) if found[0] != "graphql"})
)
def test_graphql_core_has_a_name_where_a_seam_imports_it(module: str, name: str) -> None:
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(f"{module} no longer has {name}. Search for it in the new release and change graphql_core_seam.py.")
    assert not is_public(module, name), f"{name} is public now: import it where it is used."


@pytest.mark.parametrize("method", OVERRIDDEN)
def test_a_method_that_the_executors_override_has_the_same_parameters(method: str) -> None:
    kind, name = method.split(".")
    found = getattr(vars(executor_module).get(kind, Executor), name, None)
    advice = f"graphql-core has changed {method}. Look at app/engine/executors.py."
    assert found is not None, advice
    assert [*inspect.signature(found).parameters][1:] == OVERRIDDEN[method], advice
