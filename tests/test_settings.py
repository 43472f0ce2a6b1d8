"""Settings: what they make of trusted documents, and what they refuse."""

import json
from pathlib import Path

import pytest

from app.engine.trusted import FORMAT, TrustedDocuments, write_manifest
from app.settings import Settings, SettingsError, load_settings
from app.web.application import create_app
from tests.commands import run

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def manifest(path: Path, documents: object) -> Path:
    path.write_text(json.dumps({"format": FORMAT, "version": 1, "documents": documents}))
    return path


def test_without_a_file_there_are_no_trusted_documents() -> None:
    assert len(Settings().trusted_documents()) == 0


def test_the_file_holds_the_trusted_documents(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(write_manifest(TrustedDocuments({"a": "{viewer {subject}}"})))

    assert dict(Settings(trusted_documents_file=path).trusted_documents()) == {"a": "{viewer {subject}}"}


def test_only_trusting_documents_without_naming_their_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_ONLY", "true")

    with pytest.raises(SettingsError, match="TRUSTED_DOCUMENTS_FILE must be set where TRUSTED_ONLY is"):
        load_settings()


def test_a_size_below_zero_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSISTED_QUERY_CACHE_SIZE", "-1")

    with pytest.raises(SettingsError, match="PERSISTED_QUERY_CACHE_SIZE"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read: No such file or directory"),
        (b"\xff", "is not UTF-8"),
        (b"{", "is not JSON"),
        (b'{"a": "{viewer {subject}}"}', "write it with `customer-gateway documents`"),
    ],
)
def test_a_file_that_is_no_manifest_keeps_the_service_from_being_built(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        create_app(Settings(database_url=AWAY, trusted_documents_file=path))

    assert str(caught.value).startswith(f"TRUSTED_DOCUMENTS_FILE: {path}: ")
    assert words in str(caught.value)


def test_everything_that_is_wrong_with_the_file_is_said_at_once_before_anything_is_served(tmp_path: Path) -> None:
    path = manifest(tmp_path / "manifest.json", {"a b": "{viewer {subject}}", "c": 1})
    result = run("serve", "--workers", "2", DATABASE_URL=AWAY, TRUSTED_ONLY="true", TRUSTED_DOCUMENTS_FILE=str(path))

    assert result.returncode == 2
    assert result.stderr.count("TRUSTED_DOCUMENTS_FILE: ") == 2
    assert '"a b" is no document id' in result.stderr
    assert '"c" must have the document\'s text' in result.stderr
