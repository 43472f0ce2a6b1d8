"""How tests are kept: what they share is in tests/support, their names are short sentences, and variables say what they
hold."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Without the environments that the tests install there.
FILES = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "site-packages" not in path.parts]
CODE = [
    *FILES,
    *(path for folder in ("app", "bench", "examples", "explorer") for path in (ROOT / folder).rglob("*.py")),
]
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES}
SUPPORT = "tests.support"
MOST_CHARACTERS = 80
RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NOT_BEFORE_A_NOUN = re.compile(r"\beach\b(?! +(?!(?:in|for|if|else|is|and|or|not|async|as)\b)\w)")
"""The word where a variable can have it. Most modules have it before nouns of their comments, and need not be
parsed."""


@dataclass(frozen=True, slots=True)
class Module:
    """What the conventions are about in a module of the tests."""

    path: Path
    name: str
    imported: frozenset[str]
    """The modules of the tests that it imports."""
    tests: tuple[str, ...]
    classes: tuple[str, ...]
    starting_chromium: tuple[str, ...]
    """The functions that call `chromium`."""


@cache
def modules() -> tuple[Module, ...]:
    """Return every module. Each is parsed once, and its syntax tree isn't kept: the garbage collector would look at
    it."""
    return tuple(map(read_module, FILES))


def read_module(path: Path) -> Module:
    text = path.read_text()
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(text)
    # Methods of classes are tests too.
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tests = tuple(function.name for function in functions if function.name.startswith("test_"))
    classes = tuple(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    starting = tuple(starting_chromium(tree)) if "chromium(" in text else ()
    return Module(path, name, frozenset(imported_by(tree, name) & MODULES), tests, classes, starting)


def imported_by(tree: ast.Module, module: str) -> set[str]:
    """Return what a module imports. No function imports anything: ruff sees to that."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def starting_chromium(tree: ast.Module) -> Iterator[str]:
    for function in tree.body:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "chromium":
                yield getattr(function, "name", "")


def imports() -> list[tuple[str, str]]:
    """Return each module of the tests with each one that it imports, as pairs."""
    return sorted((module.name, imported) for module in modules() for imported in module.imported)


def folder_of(module: str) -> str:
    """Return the folder directly below tests, or "" for a module that is in none."""
    _, *folders, _ = module.split(".")
    return folders[0] if folders else ""


def test_no_module_imports_a_test_module_or_a_conftest() -> None:
    assert len(imports()) > 500
    reached = [
        (module, imported)
        for module, imported in imports()
        if imported.rpartition(".")[2].startswith("test_") or imported.endswith(".conftest")
    ]
    assert reached == [], "Move what they share to a module without tests."


def test_what_several_folders_share_is_in_support() -> None:
    strays = [
        (module, imported)
        for module, imported in imports()
        if not imported.startswith(SUPPORT) and folder_of(module) != folder_of(imported)
    ]
    assert strays == [], f"Move the imported module to {SUPPORT}."


def test_only_tests_and_packages_stand_beside_the_folders() -> None:
    beside = [path.name for path in (ROOT / "tests").glob("*.py") if not path.name.startswith("test_")]
    assert sorted(beside) == ["__init__.py", "conftest.py"]


def test_the_names_of_tests_are_under_80_characters() -> None:
    named = [name for module in modules() for name in module.tests]
    assert len(named) > 1_000
    assert [name for name in named if len(name) >= MOST_CHARACTERS] == []


def test_no_name_of_a_test_has_a_random_id(request: pytest.FixtureRequest) -> None:
    # pytest-xdist collects in several processes, and ends the run if they find tests of other names.
    assert [item.nodeid for item in request.session.items if RANDOM_ID.search(item.nodeid)] == []


def test_no_variable_is_called_each() -> None:
    """The name says nothing of what a variable holds, such as a customer or a problem."""
    assert len(CODE) > 700
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in CODE
        if "node_modules" not in path.parts and NOT_BEFORE_A_NOUN.search(text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "each") or (isinstance(node, ast.arg) and node.arg == "each")
    ]
    assert found == [], "Call the variable what it holds."


def test_the_clocks_that_tests_set_are_in_support() -> None:
    clocks = [
        (module.name, name) for module in modules() for name in module.classes if re.search(r"Clock(?![a-z])", name)
    ]
    assert clocks == [(f"{SUPPORT}.clock", "Clock"), (f"{SUPPORT}.clock", "DatabaseClock")]


def test_chromium_is_started_by_fixtures_named_browser_alone() -> None:
    """The mark `browser` goes by that name."""
    starting = {
        (module.path.parent.name, function)
        for module in modules()
        if module.path.parent.name != "support"
        for function in module.starting_chromium
    }
    assert starting == {("explorer", "browser"), ("frontends", "browser")}


def test_no_server_has_its_data_in_a_folder_of_pytest() -> None:
    # When pytest starts, it closes the folder of all its runs to other users. A server that root started for another
    # test run, as another user, can't open its files from then on, and crashes.
    in_folder = re.compile(r"\b(?:EmbeddedServer|\w+_server|postgres_with_tls|deployment)\([^)]*\btmp_path")
    assert [path.name for path in FILES if in_folder.search(path.read_text())] == []
