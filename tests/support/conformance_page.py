"""Write docs/conformance.md from what the tests of a run have proved, or compare it with that."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, cast

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
FAMILIES = ("Transport", "Clients", "Relay", "Schema tools", "Federation", "REST")
_FOLDER = "tests/conformance"
_PROPERTY = "proved"
_HEAD = """# Tested clients, gateways and tools

Each line is a test that ran the program itself, in this version, against the started service with its PostgreSQL, and
passed. `make conformance` writes this page from such a run; a run with another result fails.
"""


class Proof(NamedTuple):
    """What a test has proved, and with which program."""

    family: str
    program: str
    version: str
    claim: str


Proved = Callable[[str, str, str, str], None]


@pytest.fixture
def proved(record_property: Callable[[str, object], None]) -> Proved:
    """Record what a test has proved: family, program, version, claim. It counts if the test passes."""
    return lambda family, program, version, claim: record_property(_PROPERTY, [family, program, version, claim])


def rendered(proofs: Iterable[Proof]) -> str:
    """Return the text of the page."""
    by_family = {family: sorted(proof for proof in proofs if proof.family == family) for family in FAMILIES}
    tables = (f"\n## {family}\n\n{_table(lines)}" for family, lines in by_family.items() if lines)
    return _HEAD + "".join(tables)


def problem(page: str, proofs: set[Proof], *, complete: bool) -> str | None:
    """Return what is wrong with a page after a run, or None; a run of some tests only finds lines that are missing."""
    if complete:
        return None if page == rendered(proofs) else "it is not what this run has proved"
    missing = [proof for proof in sorted(proofs) if _line(proof) not in page]
    return f"it lacks {_line(missing[0]).strip()}" if missing else None


def _table(proofs: list[Proof]) -> str:
    return "| program | version | proved |\n| --- | --- | --- |\n" + "".join(map(_line, proofs))


def _line(proof: Proof) -> str:
    return f"| {proof.program} | {proof.version} | {proof.claim} |\n"


class Recorder:
    """Collects the reports of a run, those of parallel workers too."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._proofs: set[Proof] = set()
        self._ran: set[str] = set()
        self._verdict: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what a test that passed has proved."""
        if report.when == "call" and report.passed:
            self._ran.add(report.nodeid.partition("::")[0])
            properties = cast("list[tuple[str, list[str]]]", report.user_properties)
            self._proofs |= {Proof(*value) for name, value in properties if name == _PROPERTY}

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the page, or fail the run because of it."""
        if exitstatus != pytest.ExitCode.OK or not self._proofs:
            return
        if self._config.getoption("write_conformance") and self._complete():
            PAGE.write_text(rendered(self._proofs), encoding="utf-8")
        wrong = problem(PAGE.read_text(encoding="utf-8"), self._proofs, complete=self._complete())
        if wrong is not None:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._verdict = f"docs/conformance.md is wrong: {wrong}. Run `make conformance`."

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what is wrong with the page."""
        if self._verdict is not None:
            terminalreporter.section("conformance", red=True)
            terminalreporter.line(self._verdict, red=True)

    def _complete(self) -> bool:
        option = self._config.option
        narrowed = (
            option.keyword
            or option.markexpr
            or option.deselect
            or any("::" in argument for argument in self._config.args)
        )
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / _FOLDER).glob("test_*.py")}
        return not narrowed and files | {"tests/contract/test_graphql_over_http_audit.py"} <= self._ran


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of `make conformance`."""
    parser.addoption(
        "--write-conformance", action="store_true", help="write docs/conformance.md from a run of all proofs"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Record the reports in this process, unless it is a worker of a parallel run."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "conformance-recorder")
