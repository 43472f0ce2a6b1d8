"""Settings: how each is written, what is rejected, and that all problems come at once."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.db.dsn import parse, with_role
from app.engine.trusted import MANIFEST_FORMAT, TrustedDocuments, write_manifest
from app.settings import Settings, SettingsError, load_settings
from app.web.application import create_app
from app.web.serving_checks import SERVING_CHECKS
from tests.support.commands import messages, run

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def manifest(path: Path, documents: object) -> Path:
    path.write_text(json.dumps({"format": MANIFEST_FORMAT, "version": 1, "documents": documents}))
    return path


def test_without_a_file_there_are_no_trusted_documents() -> None:
    assert len(Settings().trusted_documents()) == 0


def test_the_file_holds_the_trusted_documents(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(write_manifest(TrustedDocuments({"a": "{viewer {subject}}"})))

    assert dict(Settings(trusted_documents_file=path).trusted_documents()) == {"a": "{viewer {subject}}"}


def test_only_trusting_documents_without_naming_their_file_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_ONLY", "true")

    with pytest.raises(SettingsError, match="TRUSTED_DOCUMENTS_FILE: must be set if TRUSTED_ONLY is true"):
        load_settings()


def test_a_size_below_zero_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_ids_of_the_rest_endpoints_are_not_for_others(tmp_path: Path) -> None:
    path = manifest(tmp_path / "manifest.json", {"x-rest:customer": "{viewer {subject}}"})

    with pytest.raises(SettingsError) as caught:
        create_app(Settings(database_url=AWAY, trusted_documents_file=path))

    assert str(caught.value).startswith(f"TRUSTED_DOCUMENTS_FILE: {path}: x-rest:customer: ids that begin with x-rest:")


def test_everything_wrong_with_the_file_is_said_at_once_before_serving(tmp_path: Path) -> None:
    path = manifest(tmp_path / "manifest.json", {"a b": "{viewer {subject}}", "c": 1})
    result = run("serve", "--workers", "2", DATABASE_URL=AWAY, TRUSTED_ONLY="true", TRUSTED_DOCUMENTS_FILE=str(path))

    assert result.returncode == 2
    assert result.stderr.count("TRUSTED_DOCUMENTS_FILE: ") == 2
    assert '"a b" is no document id' in result.stderr
    assert '"c" must have the document\'s text' in result.stderr


# All problems at once


def problems(*checks: Callable[[Settings], object], **environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(*checks, environment=environment)
    return str(caught.value).splitlines()


def test_problems_of_every_kind_come_at_once(tmp_path: Path) -> None:
    found = problems(
        *SERVING_CHECKS,
        PORT="tea",
        CORS_ALLOWED_ORIGINS='["https://app.example.com"',
        LOG_LEVEL="loud",
        DATABASE_URL="postgresql://u:hidden@h/db?sslmode=on&ssl=1",
        OWNER_DATABASE_URL_FILE=str(tmp_path / "none"),
        JWT_PUBLIC_KEY_FILE=str(tmp_path / "key.pem"),
        TRUSTED_ONLY="perhaps",
        TRUSTED_DOCUMENTS_FILE=str(tmp_path / "manifest.json"),
    )

    variables = [line.partition(":")[0] for line in found]
    assert sorted(variables) == [
        "CORS_ALLOWED_ORIGINS",
        "DATABASE_URL",
        "DATABASE_URL",
        "JWT_AUDIENCE",
        "JWT_ISSUER",
        "JWT_PUBLIC_KEY_FILE",
        "LOG_LEVEL",
        "OWNER_DATABASE_URL_FILE",
        "PORT",
        "TRUSTED_DOCUMENTS_FILE",
        "TRUSTED_ONLY",
    ]
    assert "hidden" not in "\n".join(found)


def test_what_must_fit_together_is_checked_beside_an_invalid_setting() -> None:
    reason = "must be set if TRUSTED_ONLY is true: otherwise only the documents of the REST endpoints could run"
    assert problems(PORT="tea", TRUSTED_ONLY="true")[1:] == [f"TRUSTED_DOCUMENTS_FILE: {reason}"]
    assert "not both" in problems(JWT_JWKS_URL="https://h/k", JWT_PUBLIC_KEY_FILE="/k")[0]


def test_more_representations_than_items_of_an_input_are_rejected() -> None:
    assert problems(MAX_REPRESENTATIONS="101", MAX_INPUT_ITEMS="100") == [
        "MAX_REPRESENTATIONS: must be at most MAX_INPUT_ITEMS, which counts representations as well"
    ]
    assert load_settings(environment={"MAX_REPRESENTATIONS": "100", "MAX_INPUT_ITEMS": "100"}).max_input_items == 100


def test_an_address_of_keys_that_is_none_is_named_beside_the_rest() -> None:
    found = problems(*SERVING_CHECKS, JWT_JWKS_URL="ftp://h/k", JWT_ISSUER="i", JWT_AUDIENCE="a", PORT="-1")

    assert [line.partition(":")[0] for line in found] == ["PORT", "DATABASE_URL is not set", "JWT_JWKS_URL"]


def test_a_variable_that_is_invalid_is_not_said_to_be_missing() -> None:
    assert len(problems(*SERVING_CHECKS, DATABASE_URL="mysql://h/db")) == 1
    assert len(problems(*SERVING_CHECKS, DATABASE_URL_FILE="/nowhere/secret")) == 1


def test_settings_that_are_made_by_hand_must_fit_together_too() -> None:
    with pytest.raises(ValidationError, match="JWT_ISSUER: must be set if JWT_PUBLIC_KEY_FILE is"):
        Settings(jwt_public_key_file=Path("/k"))


def test_an_issuer_or_audience_without_keys_is_rejected() -> None:
    written = {"JWT_ISSUER": "https://issuer.example", "JWT_AUDIENCE": "billing"}

    assert [line.partition(":")[0] for line in problems(**written)] == ["JWT_ISSUER", "JWT_AUDIENCE"]
    assert all("without JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE" in line for line in problems(**written))
    assert (
        load_settings(environment={**written, "JWT_JWKS_URL": "https://issuer.example/keys"}).jwt_audience == "billing"
    )


def test_serve_says_everything_before_it_looks_for_the_database(tmp_path: Path) -> None:
    result = run("serve", DATABASE_URL=AWAY, JWT_PUBLIC_KEY_FILE=str(tmp_path / "none.pem"), CORS_ALLOWED_ORIGINS="x y")

    assert result.returncode == 2
    assert "JWT_PUBLIC_KEY_FILE: " in result.stderr
    assert "CORS_ALLOWED_ORIGINS: " in result.stderr
    assert "JWT_ISSUER: " in result.stderr


def test_uvicorn_s_own_command_ends_without_a_traceback() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"],
        env={"PATH": os.environ["PATH"], "PORT": "tea"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Error: PORT: ")
    assert "DATABASE_URL is not set" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_host_that_can_not_be_one_is_rejected() -> None:
    assert "HOST: is not a host name" in problems(HOST="a" * 70)[0]
    result = run("serve", "--host", "a" * 70, DATABASE_URL=AWAY)
    assert result.returncode in {2, 3}


_VARIABLES = [name.upper() for name in Settings.model_fields]
_WORDS = st.sampled_from(
    ["", "0", "-1", "1e400", "true", "*", "[]", "[1]", "null", "postgresql://u:p@h/d", "https://a.example", "/", "."]
)
# What an environment may hold: bytes that are not UTF-8 come as lone surrogates.
_VALUES = _WORDS | st.text(max_size=30) | st.text(st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=3)


def loaded_or_rejected(environment: dict[str, str], *checks: Callable[[Settings], object]) -> Settings | list[str]:
    try:
        return load_settings(*checks, environment=environment)
    except SettingsError as error:
        return str(error).splitlines()


@given(st.dictionaries(st.sampled_from(_VARIABLES), _VALUES, max_size=8))
def test_whatever_the_environment_holds_gives_settings_or_says_what_is_wrong(environment: dict[str, str]) -> None:
    loaded = loaded_or_rejected(environment, *SERVING_CHECKS)

    if isinstance(loaded, list):
        assert {re.split("[ :]", line)[0] for line in loaded} <= set(_VARIABLES)


@given(st.sampled_from(_VARIABLES), _VALUES)
def test_each_variable_may_hold_anything(name: str, value: str) -> None:
    assert loaded_or_rejected({name: value}, *SERVING_CHECKS[1:])


# Texts as people write them


@pytest.mark.parametrize(("written", "read"), [("debug", "DEBUG"), (" Warning", "WARNING"), ("ERROR", "ERROR")])
def test_the_log_level_is_taken_in_any_case(written: str, read: str) -> None:
    assert load_settings(environment={"LOG_LEVEL": written}).log_level == read


def test_the_log_format_is_taken_in_any_case() -> None:
    assert load_settings(environment={"LOG_FORMAT": "JSON"}).log_format == "json"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://app.example.com", ("https://app.example.com",)),
        ("https://app.example.com, https://b.example.com", ("https://app.example.com", "https://b.example.com")),
        ('["https://app.example.com", "http://b:8080"]', ("https://app.example.com", "http://b:8080")),
        ("https://App.Example.com", ("https://app.example.com",)),
        ("HTTPS://app.example.com:443", ("https://app.example.com",)),
        ("http://[::1]:5173,http://localhost:3000,", ("http://[::1]:5173", "http://localhost:3000")),
        ("capacitor://localhost", ("capacitor://localhost",)),
        ("https://a.example,https://A.example", ("https://a.example",)),
        ("*", ("*",)),
        ("[]", ()),
    ],
)
def test_origins_are_a_list_with_commas_or_of_json(written: str, read: tuple[str, ...]) -> None:
    assert load_settings(environment={"CORS_ALLOWED_ORIGINS": written}).cors_allowed_origins == read


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("https://app.example.com/path", "is more than an origin: write scheme, host"),
        ("https://app.example.com?x", "is more than an origin"),
        ("https://app.example.com/", "ends in a slash, which no browser sends: write https://app.example.com"),
        ("https://me@app.example.com", "is more than an origin"),
        ("app.example.com", "has no scheme: write https://app.example.com"),
        ("App.example.com:8080/x", "has no scheme: write https://app.example.com:8080"),
        ("localhost", "has no scheme"),
        ("https://*.example.com", "has a wildcard, which matches nothing"),
        ("https://a.example,*", "* can't be combined"),
        ("https://", "is not an origin"),
        ("https://[::1", "is not an origin"),
        ("https://h:99999", "is not an origin"),
        ("https://ærø.example", "xn--"),
        ("null", "null"),
        ('["https://a.example"', "is not a list"),
        ("[1]", "is not a list"),
        ("[" * 100_000, "is not a list"),
    ],
)
def test_what_is_no_origin_is_rejected_with_what_to_write(written: str, words: str) -> None:
    (problem,) = problems(CORS_ALLOWED_ORIGINS=written)

    assert problem.startswith("CORS_ALLOWED_ORIGINS: ")
    assert words in problem


def test_every_wrong_origin_has_a_line() -> None:
    assert len(problems(CORS_ALLOWED_ORIGINS="a.example,https://b.example/c,https://d.example")) == 2


def test_allowed_headers_are_names_in_any_case() -> None:
    assert load_settings(environment={"CORS_ALLOWED_HEADERS": "X-One, x-two"}).cors_allowed_headers == (
        "x-one",
        "x-two",
    )
    assert "wildcards are not supported" in problems(CORS_ALLOWED_HEADERS="*")[0]
    assert "CORS_ALLOWED_HEADERS" in problems(CORS_ALLOWED_HEADERS="x one")[0]


# Secrets by file


def secret(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "OWNER_DATABASE_URL"])
def test_a_url_may_come_by_file(tmp_path: Path, name: str, end: str) -> None:
    settings = load_settings(environment={f"{name}_FILE": secret(tmp_path / "secret", f"postgresql://u:p@h/db{end}")})

    assert getattr(settings, name.lower()) == "postgresql://u:p@h/db"


@pytest.mark.parametrize("prefix", ["", "OWNER_"])
def test_a_password_may_come_by_itself_or_by_file(tmp_path: Path, prefix: str) -> None:
    url = {f"{prefix}DATABASE_URL": "postgresql://u@h1:1,h2:2/db?sslmode=require"}
    path = secret(tmp_path / "secret", "p@ss/w: ord%\n")
    by_variable = load_settings(environment=url | {f"{prefix}DATABASE_PASSWORD": "p@ss/w: ord%"})
    by_file = load_settings(environment=url | {f"{prefix}DATABASE_PASSWORD_FILE": path})
    url_by_file = load_settings(
        environment={
            f"{prefix}DATABASE_URL_FILE": secret(tmp_path / "url", "postgresql://u@h1:1,h2:2/db?sslmode=require\n"),
            f"{prefix}DATABASE_PASSWORD_FILE": path,
        }
    )

    for settings in (by_variable, by_file, url_by_file):
        whole = getattr(settings, f"{prefix}DATABASE_URL".lower())
        assert whole == "postgresql://u:p%40ss%2Fw%3A%20ord%25@h1:1,h2:2/db?sslmode=require"
        assert "p%40ss" not in repr(settings)
        assert "p@ss" not in repr(settings)


def test_secrets_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    file, url, word = secret(tmp_path / "secret", "x"), "postgresql://u@h/db", "x"

    assert problems(DATABASE_URL=url, DATABASE_URL_FILE=file) == [
        "DATABASE_URL: is set, and DATABASE_URL_FILE is set, too: remove one of them"
    ]
    assert problems(DATABASE_URL=url, DATABASE_PASSWORD=word, DATABASE_PASSWORD_FILE=file) == [
        "DATABASE_PASSWORD: is set, and DATABASE_PASSWORD_FILE is set, too: remove one of them"
    ]
    assert problems(DATABASE_URL="postgresql://u:hidden@h/db", DATABASE_PASSWORD=word) == [
        "DATABASE_PASSWORD: is set, but DATABASE_URL already contains a password: remove one of them"
    ]
    assert problems(OWNER_DATABASE_PASSWORD=word) == [
        "OWNER_DATABASE_PASSWORD: needs OWNER_DATABASE_URL, the connection URL without a password"
    ]
    assert problems(DATABASE_URL=url, DATABASE_PASSWORD_FILE=f"{tmp_path}/none") == [
        f"DATABASE_PASSWORD_FILE: {tmp_path}/none can't be read: No such file or directory"
    ]
    assert problems(DATABASE_URL_FILE=str(tmp_path)) == [f"DATABASE_URL_FILE: {tmp_path} can't be read: Is a directory"]
    assert problems(DATABASE_URL_FILE=secret(tmp_path / "empty", "\n")) == [
        f"DATABASE_URL_FILE: {tmp_path}/empty is empty"
    ]
    assert problems(DATABASE_URL_FILE=secret(tmp_path / "latin", b"\xe6")) == [
        f"DATABASE_URL_FILE: {tmp_path}/latin is not UTF-8"
    ]


def test_every_command_takes_secrets_by_file(tmp_path: Path, owner_dsn: str, service_dsn: str) -> None:
    service = parse(service_dsn)
    password = secret(tmp_path / "password", f"{service.password}\n")
    urls = {
        "OWNER_DATABASE_URL_FILE": secret(tmp_path / "owner", f"{owner_dsn}\n"),
        "DATABASE_URL": with_role(service_dsn, service.user),
        "DATABASE_PASSWORD_FILE": password,
    }
    result = run("migrate", **urls)

    assert (result.returncode, messages(result)) == (0, "")
    assert f'rights to the role "{service.user}".' in result.stdout
