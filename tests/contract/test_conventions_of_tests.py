"""How tests are kept: what they share is in tests/support, and their names are short sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests").rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES}
SUPPORT = "tests.support"


def imports() -> Iterator[tuple[str, str]]:
    """Yield each module of the tests with each one that it imports."""
    for path in FILES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} has a relative import"
                names = {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
            yield from ((module, imported) for imported in names & MODULES)


IMPORTS = sorted(imports())


def folder_of(module: str) -> str:
    """Return the folder directly below tests, or "" for a module that is in none."""
    _, *folders, _ = module.split(".")
    return folders[0] if folders else ""


def test_no_module_imports_a_test_module_or_a_conftest() -> None:
    assert len(IMPORTS) > 500
    reached = [
        (module, imported)
        for module, imported in IMPORTS
        if imported.rpartition(".")[2].startswith("test_") or imported.endswith(".conftest")
    ]
    assert reached == [], "Move what they share to a module without tests."


def test_what_several_folders_share_is_in_support() -> None:
    strays = [
        (module, imported)
        for module, imported in IMPORTS
        if not imported.startswith(SUPPORT) and folder_of(module) != folder_of(imported)
    ]
    assert strays == [], f"Move the imported module to {SUPPORT}."


def test_only_tests_and_packages_stand_beside_the_folders() -> None:
    beside = [path.name for path in (ROOT / "tests").glob("*.py") if not path.name.startswith("test_")]
    assert sorted(beside) == ["__init__.py", "conftest.py"]
