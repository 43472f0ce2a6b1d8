"""The locked requirements are in step with pyproject.toml: `make lock` was run after the last change of a
dependency."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, GROUPS = PYPROJECT["project"], PYPROJECT["dependency-groups"]
ALONE = {"build", "conformance", "lock"}
"""Groups that are installed without the service, in environments of their own."""
NAMES = sorted(path.stem for path in FOLDER.iterdir())
PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?:\[[\w,.-]+\])?==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\n)(?:[ ]+.*\n?)*)", re.MULTILINE
)
Pins = dict[str, list[tuple[str, str]]]
"""By a distribution's name: its versions, several where the platform decides, each with what follows it in the file."""


def pins(name: str) -> Pins:
    found: Pins = {}
    for pin in PIN.finditer((FOLDER / f"{name}.txt").read_text()):
        found.setdefault(canonicalize_name(pin["name"]), []).append((pin["version"], pin["rest"]))
    return found


def of_group(name: str) -> Iterator[str]:
    for entry in GROUPS[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from of_group(entry["include-group"])


def declared(name: str) -> dict[str, list[Requirement]]:
    """What pyproject.toml asks of a file, by the distribution's name."""
    lines = [] if name in ALONE else [*PROJECT["dependencies"]]
    if name != "service":
        lines += of_group(name)
    if name != "service" and name not in ALONE:
        lines += PROJECT["optional-dependencies"]["dev"]
    found: dict[str, list[Requirement]] = {}
    for line in lines:
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def out_of_step(wanted: dict[str, list[Requirement]], found: Pins) -> list[str]:
    """What a file lacks, has in another version, or has although pyproject.toml no longer names it."""
    problems = [f"{name} is not pinned" for name in wanted.keys() - found.keys()]
    problems += [
        f"{name} is pinned to {version}, but {requirement} is wanted"
        for name, requirements in wanted.items()
        for requirement in requirements
        for version, _ in found.get(name, ())
        if not requirement.specifier.contains(version, prereleases=True)
    ]
    problems += [
        f"{name} is pinned for pyproject.toml, which does not name it"
        for name, versions in found.items()
        if name not in wanted and any("customer-gateway (pyproject.toml" in rest for _, rest in versions)
    ]
    return problems


def test_there_is_a_file_for_the_service_and_for_each_group() -> None:
    assert sorted(["service", *GROUPS]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_pins_what_pyproject_names_and_nothing_that_it_no_longer_names(name: str) -> None:
    assert out_of_step(declared(name), pins(name)) == [], "run `make lock`"


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_has_hashes_and_no_line_names_a_registry(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    assert "://" not in text
    assert [line for line in text.splitlines() if line.startswith("-")] == []
    assert [
        found for found, versions in pins(name).items() if any("--hash=sha256:" not in rest for _, rest in versions)
    ] == []
    # Each line that begins a pin was understood.
    assert sum(map(len, pins(name).values())) == len(re.findall(r"^[a-z]", text, re.MULTILINE | re.IGNORECASE))


def test_each_way_of_being_out_of_step_is_found() -> None:
    wanted = {"a": [Requirement("a>=2")], "b": [Requirement("b")]}
    found: Pins = {
        "a": [("1.9", "# via customer-gateway (pyproject.toml)")],
        "c": [("1", "# via customer-gateway (pyproject.toml:x)")],
    }
    assert out_of_step(wanted, found) == [
        "b is not pinned",
        "a is pinned to 1.9, but a>=2 is wanted",
        "c is pinned for pyproject.toml, which does not name it",
    ]
    assert out_of_step({"a": [Requirement("a>=1")]}, {"a": [("2", "")], "d": [("1", "# via a")]}) == []
