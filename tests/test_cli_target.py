"""Which database a command works on: what the environment names, or else that of a running `dev`."""

import sys
from collections.abc import Callable, Generator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.cli.failures import CommandError, ExitCode
from app.cli.running import Running, hold
from app.cli.target import Target, owner_target, service_target
from app.settings import Settings, SettingsError

COMPANY = uuid4()
DEV = Running(
    address="http://127.0.0.1:1",
    database_url="postgresql://service@h/dev",
    owner_database_url="postgresql://owner@h/dev",
    company_id=COMPANY,
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, without any `dev` and any setting."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("DATA_FOLDER", raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sys, "argv", ["customer-gateway", "import", "my customers.csv"])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def dev(tmp_path: Path) -> Generator[Path]:
    """The checkout in which a `dev` runs."""
    with hold(tmp_path / "checkout" / ".dev") as tell:
        tell(DEV)
        yield tmp_path / "checkout"


@pytest.mark.parametrize("target", [service_target, owner_target])
def test_a_running_dev_is_found_from_every_folder_of_its_checkout_and_named(
    dev: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: Callable[[], Target]
) -> None:
    (dev / "docs" / "adr").mkdir(parents=True)
    for folder in (dev, dev / "docs", dev / "docs" / "adr"):
        monkeypatch.chdir(folder)
        found = target()
        assert (found.settings.service_dsn, found.settings.owner_dsn) == (DEV.database_url, DEV.owner_database_url)
        assert capsys.readouterr().err.startswith("Using the database of the running `customer-gateway dev` (")


def test_a_running_dev_is_found_from_anywhere_by_the_programs_environment(
    dev: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", str(dev / ".venv"))
    assert service_target().running == DEV
    assert capsys.readouterr().err == f"Using the database of the running `customer-gateway dev` ({dev}/.dev).\n"


def test_a_data_folder_that_is_named_is_the_only_one_that_is_looked_at(
    dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dev)
    monkeypatch.setenv("DATA_FOLDER", str(tmp_path / "another"))
    with pytest.raises(CommandError, match=f"runs on the data folder {tmp_path}/another"):
        service_target()
    monkeypatch.setenv("DATA_FOLDER", str(dev / ".dev"))
    assert service_target().running == DEV


def test_a_database_of_the_settings_is_used_and_named_without_its_password(
    dev: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(dev)
    monkeypatch.setenv("DATABASE_URL", "postgresql://serves:hidden@one,two:5433/billing")
    assert service_target().running is None
    assert capsys.readouterr().err == "Using the database billing on one, two:5433 (DATABASE_URL).\n"
    assert owner_target().settings.owner_dsn.endswith("/billing")
    assert capsys.readouterr().err == "Using the database billing on one, two:5433 (DATABASE_URL).\n"
    monkeypatch.setenv("OWNER_DATABASE_URL", "postgresql:///billing")
    assert owner_target().settings.owner_dsn == "postgresql:///billing"
    assert capsys.readouterr().err == "Using the database billing on this machine (OWNER_DATABASE_URL).\n"


def test_an_owner_in_the_settings_alone_keeps_imports_off_the_development_database(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dev)
    monkeypatch.setenv("OWNER_DATABASE_URL", "postgresql:///billing")
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        service_target()


def test_settings_of_a_deployed_service_keep_a_command_off_the_development_database(
    dev: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dev)
    monkeypatch.setenv("JWT_JWKS_URL", "https://issuer.example/keys")
    monkeypatch.setenv("JWT_ISSUER", "https://issuer.example")
    monkeypatch.setenv("JWT_AUDIENCE", "gateway")
    with pytest.raises(CommandError) as refused:
        service_target()
    assert refused.value.code is ExitCode.SETTINGS
    assert str(refused.value).startswith("DATABASE_URL is not set, but settings of a deployed service are: JWT_")
    assert "    env -u JWT_JWKS_URL -u JWT_ISSUER -u JWT_AUDIENCE " in str(refused.value)


def test_without_any_database_the_message_says_what_to_type(elsewhere: Path) -> None:
    with pytest.raises(CommandError) as refused:
        owner_target()
    first, *lines = str(refused.value).splitlines()
    assert first == f"DATABASE_URL is not set, and no `customer-gateway dev` runs on the data folder {elsewhere}/.dev."
    typed = [line.strip() for line in lines if line.startswith("    ")]
    assert "`make dev`" in str(refused.value)
    assert typed[0].endswith("customer-gateway dev")
    assert typed[1].startswith("DATA_FOLDER=FOLDER ")
    assert typed[2].startswith("DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE ")
    assert typed[1].endswith("customer-gateway import 'my customers.csv'")


def test_a_company_that_is_not_given_is_the_one_that_dev_shows_and_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given, settings = uuid4(), Settings()
    assert Target(settings, DEV).company_id(given) == given
    assert capsys.readouterr().err == ""
    assert Target(settings, DEV).company_id(None) == COMPANY
    assert capsys.readouterr().err == f"Using the company {COMPANY}; --company selects another.\n"
    for running in (None, DEV.model_copy(update={"company_id": None})):
        with pytest.raises(CommandError, match=r"--company is missing: .*`customer-gateway company list`"):
            Target(settings, running).company_id(None)


def test_what_an_earlier_version_told_of_itself_is_still_understood() -> None:
    told = DEV.model_dump_json(exclude={"company_id"})
    assert Running.model_validate_json(told).company_id is None
    assert isinstance(Running.model_validate_json(DEV.model_dump_json()).company_id, UUID)
