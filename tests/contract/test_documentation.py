"""What the documents say is held to what the code does."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import cast

import pytest
from graphql import GraphQLEnumType

from app.domain.errors import ErrorCode
from app.engine.execution import Engine
from app.engine.request_errors import ExecutionCode, RequestError, RequestErrorCode, ValueCode
from app.graphql.codes import FieldCode
from app.graphql.schema import executable, schema
from app.live.ended import LiveCode
from app.rest.codes import RestCode
from app.settings import Settings
from app.web.credential_errors import CredentialCode
from app.web.http_errors import FailureCode
from tests.support.picture import PICTURE, in_sight, noted

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ERRORS = (ROOT / "docs/errors.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
LIVE_CODES = [code for code in LiveCode if code is not LiveCode.CLIENT_LEFT]
"""The codes that clients see: the other one is only logged and counted."""
PAGES = [
    page.relative_to(ROOT)
    for folder in (
        "",
        "docs",
        "docs/adr",
        "bench",
        "bench/peers/node",
        "examples/first-company",
        "examples/follow-live",
        "examples/react",
        "examples/invoices-subgraph",
        ".github",
    )
    for page in sorted((ROOT / folder).glob("*.md"))
]


def test_every_error_code_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \| [a-z]", ERRORS, re.MULTILINE)
    groups = (RequestErrorCode, ExecutionCode, FieldCode, CredentialCode, FailureCode, LIVE_CODES, RestCode)
    codes = {str(code) for code in chain(*groups)}

    assert sorted(documented) == sorted(codes)


def test_a_code_that_was_ever_given_is_given_still_or_is_retired_and_never_both() -> None:
    lines = (ROOT / "tests/contract/codes.txt").read_text().splitlines()
    ever = [line for line in lines if not line.startswith("#")]
    retired = re.findall(r"^\| `([A-Z_]+)` \| \d+\.\d+\.\d+ \| .+ \|$", ERRORS, re.MULTILINE)
    groups = (ErrorCode, RequestErrorCode, ExecutionCode, ValueCode, FieldCode, CredentialCode, FailureCode, RestCode)
    every = chain(*groups, LIVE_CODES)
    given = {str(code) for code in every}

    assert ever == sorted({*ever})
    assert given.isdisjoint(retired), "A retired code never gets another meaning: choose another name."
    assert {*ever} == {*given, *retired}, (
        "Add new codes to codes.txt; move codes that are no longer given to docs/errors.md."
    )


def test_the_codes_of_wrong_values_are_documented_and_mean_the_same_elsewhere() -> None:
    table = ERRORS.partition("| `problems.code` | means |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `([A-Z_]+)` \| .+ \|$", table, re.MULTILINE) == [str(code) for code in ValueCode]
    # The domain has no unknown fields: it is given only those that the schema has.
    assert {str(code) for code in ValueCode} - {str(code) for code in ErrorCode} == {"FIELD_UNKNOWN"}


async def test_a_subscription_without_a_stream_has_the_code_that_is_documented_for_it() -> None:
    engine = Engine(executable(schema), Settings().limits, cache_size=1)
    with pytest.raises(RequestError) as refused:
        await engine.run(engine.prepare("subscription { changes { id } }").select(None), {}, None)

    assert f"| `{refused.value.kind}` | request | 400 | The operation is a subscription, and" in ERRORS


def test_every_reason_of_a_rejection_is_documented_with_its_status_and_meaning() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \| (.+) \|$", ERRORS, re.MULTILINE)
    shown = cast("GraphQLEnumType", executable(schema).type_map["UserErrorCode"])
    reasons = [(code, str(ErrorCode(code).http_status), value.description) for code, value in shown.values.items()]

    assert documented == reasons


def shown(default: object) -> str:
    """A default as one writes it into the environment."""
    if default is None:
        return ""
    return ",".join(cast("tuple[str, ...]", default)) if isinstance(default, tuple) else str(default)


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", SETTINGS, re.MULTILINE)
    settings = [
        (name.upper(), shown(field.default).lower(), field.description) for name, field in Settings.model_fields.items()
    ]

    assert [(name, default.lower(), meaning) for name, default, meaning in rows] == settings


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150


def test_the_readme_s_picture_is_small_enough_to_be_loaded() -> None:
    assert PICTURE.stat().st_size < 150_000


def test_the_readme_s_picture_shows_the_tour_as_it_is() -> None:
    assert noted(PICTURE.read_bytes()) == in_sight(), "Run `make explorer-picture`, and look at docs/explorer.png."


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_lines_of_prose_have_at_most_120_characters(page: Path) -> None:
    lines = [line for line in prose(ROOT / page).splitlines() if not line.lstrip().startswith("|")]

    assert [line for line in lines if len(line) > 120] == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_and_heading_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https://)([^)#]*)(?:#([^)]*))?\)", prose(ROOT / page))
    found = [((ROOT / page).parent / file if file else ROOT / page, file, anchor) for file, anchor in links]
    assert [file for target, file, _ in found if not target.exists()] == []
    assert [(file, anchor) for target, file, anchor in found if anchor and anchor not in anchors(target)] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    paths = re.findall(r"`((?:app|tests|bench|docs|examples|explorer)/[\w./-]+)`", prose(ROOT / page))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_shows_a_query_of_json_that_parses() -> None:
    (answer,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)

    assert "data" in json.loads(answer)
