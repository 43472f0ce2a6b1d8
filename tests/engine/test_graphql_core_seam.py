"""graphql-core's internals are imported by one module of the engine, and they still are what that module needs."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql.execution import Executor
from graphql.execution import executor as executor_module

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "app" / "engine"
SEAM = ENGINE / "graphql_core_seam.py"
OTHERS = [path for path in sorted(ENGINE.glob("*.py")) if path != SEAM]
OVERRIDDEN = {
    "Executor.execute_field": ["parent_type", "source", "field_details_list", "path", "position_context"],
    "Executor.complete_value": ["return_type", "field_details_list", "info", "path", "result", "position_context"],
    "Executor.handle_field_error": ["raw_error", "return_type", "field_details_list", "path"],
    "Executor.with_abort_signal": ["awaitable"],
    "Executor.execute_operation": ["serially"],
    "CollectedErrors.add": ["error", "path"],
    "CollectedErrors.has_nulled_position": ["start_path"],
}
"""The methods that the engine's executors override or call, with their parameters."""


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """The names that a module imports from graphql-core."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "graphql":
            yield from ((node.module, alias.name) for alias in node.names)


def is_public(module: str, name: str) -> bool:
    """Whether a name is listed by graphql-core, or by the package that it is in."""
    packages = ("graphql", ".".join(module.split(".")[:2]))
    return any(name in importlib.import_module(package).__all__ for package in packages)


@pytest.mark.parametrize("module", OTHERS, ids=lambda path: path.name)
def test_only_the_seam_imports_what_graphql_core_does_not_list_as_public(module: Path) -> None:
    private = [f"{source}.{name}" for source, name in imports(module) if not is_public(source, name)]
    assert private == [], f"Give {SEAM.name} a line for {private}, with the reason, and import that."


@pytest.mark.parametrize(("module", "name"), [each for each in imports(SEAM) if each[0] != "graphql"])
def test_graphql_core_has_a_name_where_the_seam_imports_it(module: str, name: str) -> None:
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(f"{module} no longer has {name}. Search for it in the new release and change {SEAM.name}.")
    assert not is_public(module, name), f"{name} is public now: import it where it is used."


@pytest.mark.parametrize("method", OVERRIDDEN)
def test_a_method_that_the_executors_override_has_the_same_parameters(method: str) -> None:
    kind, name = method.split(".")
    found = getattr(vars(executor_module).get(kind, Executor), name, None)
    advice = f"graphql-core has changed {method}. Look at app/engine/executors.py."
    assert found is not None, advice
    assert [*inspect.signature(found).parameters][1:] == OVERRIDDEN[method], advice
