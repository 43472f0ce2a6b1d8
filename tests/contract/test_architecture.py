"""The layers and the domain's independence, held by import-linter; and the habits that can be read off the files."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.support.sources import MODULES, ROOT

IMPORT_WITHIN_A_LINE = re.compile(r"^(?!import |from ).*\bimport\b", re.MULTILINE)
"""What a module has in which a function imports something: few have it, and walking through all takes seconds."""
IN_CAMEL_CASE = re.compile(r"\b[a-z]+(?:[A-Z][a-z]+)+\b")
SIZED = [*MODULES, *sorted((ROOT / "bench").glob("*.py")), *sorted((ROOT / "bench/live").glob("*.py"))]
MOST_LINES, MOST_LINES_OF_FUNCTION = 250, 40
DOMAIN_MODULES = sorted((ROOT / "app" / "domain").glob("*.py"))


def test_dependencies_point_one_way() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 broken" in linted.stdout


@pytest.mark.parametrize("module", SIZED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_long_file_and_a_long_function_say_why(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    assert len(lines) <= MOST_LINES or re.search(r"over 250\s+lines because", ast.get_docstring(tree) or ""), (
        f"Split the file, or say in its docstring why it is over {MOST_LINES} lines."
    )
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            body = lines[function.lineno - 1 : function.end_lineno]
            assert len(body) <= MOST_LINES_OF_FUNCTION or "Over 40 lines because" in "\n".join(body), (
                f"Split {function.name}, or say in its docstring why it is over {MOST_LINES_OF_FUNCTION} lines."
            )


def test_no_module_imports_itself_through_others() -> None:
    graph = grimp.build_graph("app")
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # For type checkers only: the class that a field of a connection leads back to, which Strawberry finds by its name.
    imported["app.graphql.types.customer_connection"] -= {"app.graphql.types.customer"}

    assert len(imported) > 200
    TopologicalSorter(imported).prepare()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_begins_with_its_purpose_and_no_function_imports_anything(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    tree = ast.parse(text)
    purpose = (ast.get_docstring(tree) or "").splitlines()
    assert purpose
    assert purpose[0].rstrip().endswith(".")
    if not IMPORT_WITHIN_A_LINE.search(text):
        return
    hidden = [
        f"{function.name} imports"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("module", DOMAIN_MODULES, ids=lambda path: path.name)
def test_the_domain_has_no_clock_and_no_chance(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not {
        name for name in called if name.split(".")[-1] in {"now", "today", "utcnow", "uuid4", "random", "monotonic"}
    }
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not imported & {"time", "random", "secrets", "os", "asyncio"}


@pytest.mark.parametrize("module", DOMAIN_MODULES, ids=lambda path: path.name)
def test_messages_of_the_domain_name_fields_by_schema_name(module: Path) -> None:
    nodes = [*ast.walk(ast.parse(module.read_text(encoding="utf-8")))]
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    texts = [str(node.value) for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
    assert [text for text in texts if IN_CAMEL_CASE.search(text)] == []
