"""Which tests the Makefile runs: a new folder of tests is in `make check` and `make coverage` without being named."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
FOLDERS = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name[0].isalpha()}


def variable(name: str) -> set[str]:
    (value,) = re.findall(rf"^{name} :=(.*)$", MAKEFILE, re.MULTILINE)
    return {*value.split()}


def commands(target: str) -> list[list[str]]:
    """Return the words of each command that a target runs, with all variables replaced."""
    printed = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line.split() for line in printed.stdout.splitlines()]


def folders_in(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("tests/")}


def test_every_folder_that_the_makefile_names_exists() -> None:
    named = {*re.findall(r"(?<![\w/.])tests/\w+", MAKEFILE)}
    assert len(named) > 5
    assert named <= FOLDERS


def test_the_halves_of_make_check_are_all_tests() -> None:
    (schema,) = [words for words in commands("check-schema") if "--without-server" in words]
    (rest,) = [words for words in commands("check-rest") if "--without-server" in words]
    left_out = {word.removeprefix("--ignore=") for word in rest if word.startswith("--ignore=")}
    assert folders_in(schema) == left_out == variable("WITH_SCHEMA")
    assert "tests" in rest
    assert folders_in(rest) == set()


def test_coverage_is_measured_in_every_folder_that_is_not_left_out_by_name() -> None:
    (run,) = [words for words in commands("coverage") if "pytest" in words]
    assert folders_in(run) == FOLDERS - variable("UNCOVERED")


@pytest.mark.parametrize("package", sorted(path.name for path in (ROOT / "app").iterdir() if path.is_dir()))
def test_the_tests_of_no_package_are_left_out_of_coverage(package: str) -> None:
    assert f"tests/{package}" not in variable("UNCOVERED")
