"""The recipes of CONTRIBUTING.md name the files that a change really touches, and docs/README.md lists every page."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest

from app.domain.customer_fields import FIELDS
from app.domain.errors import ErrorCode
from app.domain.fields import schema_name
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.settings import Settings
from app.settings.checks import Checked
from app.settings.secrets import SECRETS

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
MIGRATIONS = "app/db/migrations/versions"
ONCE = {
    "app/db/migrations/restored_texts.py",  # what one migration looks at
}
"""Files that held a name at one time, which a new one isn't added to."""
FIELD, ENTITY, CODE, REST, SETTING = (
    *("A field of a customer", "An entity with an edge and mutations"),
    *("A rejection code", "A REST endpoint", "A setting"),
)
EXAMPLES = {
    FIELD: {
        "docs/rest.md",  # the REST API, which doesn't grow
        "tests/contract/test_schema.py",  # the same
        "tests/differential/rest_bodies.py",  # the same
        "tests/graphql/mutations/stored_answers.py",  # answers that earlier releases stored
        "tests/rest/examples.py",  # the REST API
        "tests/rest/reference.py",  # the same
        "tests/services/test_create_customer.py",  # one customer
    },
    ENTITY: {
        "docs/adr/0026-connections-beside-lists.md",  # the lists of its day
        "docs/frontends.md",  # one application
        "docs/operations.md",  # sizes
        "tests/contract/test_schema.py",  # the REST API, which doesn't grow
        "tests/deployed/test_rest.py",  # what it writes for its customers
        "tests/graphql/test_input_lists.py",  # some lists
        "tests/graphql/test_list_connections.py",  # some lists
        "tests/graphql/test_planned_operations.py",  # some operations
    },
    CODE: set[str](),
    REST: set[str](),
    SETTING: set[str](),
}
"""By recipe, docs and tests that name all things of its kind but need not name a new one."""
CONDITIONAL = {
    FIELD: {"app/cli/import_customers.py"},  # test_customer_fields_declared.py says for which
    ENTITY: set[str](),
    CODE: {"tests/stateful/model.py"},
    REST: {"tests/differential/test_rest_reads.py", "tests/differential/test_rest_writes.py"},
    SETTING: {"tests/test_settings.py"},
}
"""By recipe, files that only some things of its kind touch."""
READ_BY_SETTINGS = {*SECRETS, *(f"{name}_file" for name in SECRETS), "trusted_documents_file"} - {
    *("database_url", "owner_database_url")
}
"""Settings that app/settings itself uses: secrets become part of a URL, and the file of documents is read there."""
PASSED_ON = {
    *("jwt_company_claim", "jwt_scope_claim"),
    *("compiled_statement_cache_size", "document_cache_size", "list_cache_size", "plan_cache_size", "token_cache_size"),
    "prepared_statement_cache_size",
}
"""Settings whose effect is tested on the class that gets them as an argument of another name."""
WITHOUT_A_RULE = {ErrorCode.MORE_PROBLEMS}
"""Codes that are added where the problems of an input are gathered, beside their definition."""
WITHOUT_AN_INPUT = {
    *(ErrorCode.MORE_PROBLEMS, ErrorCode.COMPANY_TIME_ZONE_UNKNOWN, ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE)
}
"""Codes that are about no field of an input."""
WITHOUT_A_NEED = ("app/db/seeding/", "app/cli/", "app/graphql/introduction.py")
"""Demo data, commands that show some of it, and an introduction that names some of it."""


def rows(title: str) -> list[list[str]]:
    """The paths in the first cell of each row of a recipe: one, or several folders."""
    (section,) = re.findall(rf"^### {title}\n(.*?)(?=^##)", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    found = [re.findall(r"`([^`]+)`", cell) for cell in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)]
    paths = [path for row in found for path in row]
    assert len(paths) == len({*paths}) > 3
    return found


def is_place(row: list[str]) -> bool:
    """Return whether a row names folders, one of which has the file."""
    return row != [MIGRATIONS] and all((ROOT / path).is_dir() for path in row)


def recipe(title: str) -> set[str]:
    """The files in the table of a recipe that everything of its kind touches."""
    return {path for row in rows(title) if not is_place(row) for path in row} - CONDITIONAL[title]


def places(title: str) -> list[list[str]]:
    """The folders in the table of a recipe, one of which has the file."""
    return [row for row in rows(title) if is_place(row)]


def is_below(folders: Iterable[str], pattern: str, *, other_than: str = "") -> bool:
    """Return whether a file below one of the folders holds a match."""
    files = (file for folder in folders for file in files_below(folder) if file != other_than)
    return any(re.search(pattern, text_of(file)) for file in files)


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text()


@cache
def words_of(file: str) -> frozenset[str]:
    """Return every word of a file. Finding a word among them is much faster than searching each file for each word."""
    return frozenset(re.findall(r"\w+", text_of(file)))


@cache
def files_below(folder: str) -> list[str]:
    """Every Python file below a folder, by its path from the root."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py"))


def files_with(pattern: str) -> set[str]:
    """The files of the package that hold a match, other than migrations and those that a new name has no need of."""
    found = {file for file in files_below("app") if re.search(pattern, text_of(file))}
    return {name for name in found - ONCE if not name.startswith((MIGRATIONS, *WITHOUT_A_NEED))}


def stale_examples(title: str, patterns: Sequence[str]) -> list[str]:
    """Return the EXAMPLES of a recipe that no longer list most things of its kind. They may lack new ones."""
    lacking = {
        file: sum(not re.search(pattern, text_of(file)) for pattern in patterns) for file in sorted(EXAMPLES[title])
    }
    return [file for file, count in lacking.items() if count > len(patterns) / 4]


def complete(patterns: Iterable[str]) -> set[str]:
    """Return the files of docs and tests that hold a match of every pattern: those that list all things of a kind.

    A new thing has to be added to each, unless the list is only an example.
    """
    paths = (path for folder in ("docs", "tests") for path in (ROOT / folder).rglob("*"))
    files = {
        path.relative_to(ROOT).as_posix()
        for path in paths
        if path.suffix in {".md", ".py", ".txt"} and not {"site-packages", "node_modules"} & {*path.parts}
    }
    compiled = [re.compile(pattern) for pattern in patterns]
    return {file for file in files if all(pattern.search(text_of(file)) for pattern in compiled)}


def of_docs_and_tests(title: str) -> set[str]:
    return {file for file in recipe(title) if file.startswith(("docs/", "tests/"))}


def of_package(files: set[str]) -> set[str]:
    return {file for file in files if file.startswith("app/") and file != MIGRATIONS}


TITLES = re.findall(r"^### (.+)$", CONTRIBUTING, re.MULTILINE)


@pytest.mark.parametrize("title", TITLES)
def test_every_file_of_a_recipe_exists(title: str) -> None:
    paths = {path for row in rows(title) for path in row}
    assert CONDITIONAL[title] < paths
    missing = [path for path in sorted(paths) if not (ROOT / path).exists()]
    assert missing == [], f"These files don't exist: {', '.join(missing)}"


def test_there_are_five_recipes() -> None:
    assert len(TITLES) == 5


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_of_a_customer_is_in_each_file_of_its_recipe(field: str) -> None:
    pattern = rf"\b({field}|{schema_name(field)})\b"
    files = recipe(FIELD) - {MIGRATIONS, "CHANGELOG.md"}
    missing = [file for file in sorted(files) if not re.search(pattern, text_of(file))]
    assert missing == [], f"Add {field} to these files: {', '.join(missing)}"


def test_a_plain_field_of_a_customer_is_in_no_other_file() -> None:
    types = {f"app/graphql/types/contact{suffix}.py" for suffix in ("", "_input", "_rows")}
    contacts = {"app/domain/contact_fields.py", *types}  # They have a phone number, too.
    assert FIELDS["phone"].read("free text", ()) == "free text"
    assert files_with(r"\bphone\b") - contacts == of_package(recipe(FIELD))


def test_an_entity_is_in_the_files_of_its_recipe_and_in_no_other() -> None:
    files = recipe(ENTITY)
    found = files_with(r"(?i)(?<![a-z])contacts?(?![a-z])|ContactRow|CONTACT_NOT_FOUND")
    for file in files - {MIGRATIONS, "CHANGELOG.md"}:
        assert re.search("contact", text_of(file), re.IGNORECASE), file
    # What contacts and departments share, which a new member of a customer finds there.
    shared = ("domain/members", "domain/member_rows", "services/members", "services/upsert_members")
    assert found - {f"app/{file}.py" for file in shared} == of_package(files)


LISTS = {
    FIELD: [rf"\b({name}|{schema_name(name)})\b" for name in FIELDS],
    ENTITY: ["(?i)contact", "(?i)department", "(?i)customer_?group", "(?i)ledger_?account", "(?i)subscription"],
    CODE: [rf"\b{code}\b" for code in ErrorCode],
    REST: [rf"{re.escape(endpoint.path)}" for endpoint in ENDPOINTS],
    SETTING: [rf"(?i)\b{name}\b" for name in Settings.model_fields],
}
"""By recipe, patterns of the names of all things of its kind."""


@pytest.mark.parametrize("title", LISTS)
def test_a_recipe_names_the_docs_and_tests_that_list_all_things_of_its_kind(title: str) -> None:
    listing = complete(LISTS[title])
    if title == ENTITY:
        listing.add("tests/graphql/mutations/test_contacts.py")
    unnamed = sorted(listing - EXAMPLES[title] - of_docs_and_tests(title))
    assert unnamed == [], f"Name these files in the recipe, or in EXAMPLES: {', '.join(unnamed)}"
    incomplete = sorted(of_docs_and_tests(title) - listing)
    assert incomplete == [], f"These files of the recipe don't list all: {', '.join(incomplete)}"


@pytest.mark.parametrize("title", LISTS)
def test_an_example_lists_most_things_of_its_kind_but_needs_no_new_one(title: str) -> None:
    stale = stale_examples(title, [*LISTS[title], r"\bfield_that_was_just_added\b"])
    assert stale == [], f"Remove these files from EXAMPLES: {', '.join(stale)}"


def test_an_example_that_lists_few_things_is_stale() -> None:
    assert stale_examples(ENTITY, ["(?i)contact", r"\bnothing_named_so\b"]) == sorted(EXAMPLES[ENTITY])


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_rejection_code_is_in_each_file_of_its_recipe_and_raised_and_tested(code: ErrorCode) -> None:
    files = recipe(CODE)
    missing = [file for file in sorted(files - {"CHANGELOG.md"}) if code not in words_of(file)]
    assert missing == [], f"Add {code} to these files: {', '.join(missing)}"
    rule, description, test = places(CODE)
    assert is_below(rule, rf"\b{code}\b", other_than="app/domain/errors.py") or code in WITHOUT_A_RULE, (
        f"{code} is reported nowhere: {' or '.join(rule)}"
    )
    assert is_below(description, rf"\b{code}\b", other_than="app/graphql/types/enums.py") or code in WITHOUT_AN_INPUT, (
        f"Name {code} in the description of an input in {' or '.join(description)}, or in WITHOUT_AN_INPUT."
    )
    assert is_below(test, rf"\b{code}\b"), f"Test {code} in {' or '.join(test)}."


def test_every_code_of_a_rule_of_customers_is_in_the_model_that_predicts_answers() -> None:
    rules, model = words_of("app/domain/customer_rules.py"), words_of("tests/stateful/model.py")
    codes = rules & {*ErrorCode}
    assert len(codes) > 5
    assert codes <= model, f"Add rules to tests/stateful/model.py: {', '.join(sorted(codes - model))}"


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_in_each_file_of_its_recipe_and_used(setting: str) -> None:
    files = recipe(SETTING) - {"CHANGELOG.md"}
    if setting in {"host", "port", "database_url_file"}:  # the image's business
        files -= {"docker-compose.yml"}
    if setting.startswith("owner_"):
        files -= {"docker-compose.yml"}
    pattern = rf"(?i)\b{setting}\b"
    missing = [file for file in sorted(files) if not re.search(pattern, text_of(file))]
    assert missing == [], f"Add {setting} to these files: {', '.join(missing)}"
    folders, tests = places(SETTING)
    assert setting in READ_BY_SETTINGS or is_below(folders, rf"\b_?(settings|limits)\.{setting}\b"), (
        f"Nothing reads settings.{setting}: use it in {' or '.join(folders)}"
    )
    is_secret = setting.removesuffix("_file") in SECRETS  # test_settings.py tests how all are read
    assert is_secret or bool(files_testing(setting, tests)) != (setting in PASSED_ON), f"Test {setting}'s effect."


def files_testing(setting: str, folders: Iterable[str]) -> list[str]:
    """Return the files that name a setting, without those that test how settings are declared and read."""
    files = {file for folder in folders for file in files_below(folder) if "site-packages" not in file}
    files -= {file for file in files if file.startswith("tests/contract/")} | {"tests/test_settings.py"}
    return sorted(file for file in files if {setting, setting.upper()} & words_of(file))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_rest_endpoint_is_in_each_file_of_its_recipe(endpoint: Endpoint) -> None:
    # The endpoints are those of the table.
    files = recipe(REST) - {"app/rest/endpoints.py", "CHANGELOG.md"}
    missing = [file for file in sorted(files) if endpoint.path not in text_of(file)]
    assert missing == [], f"Add {endpoint.path} to these files: {', '.join(missing)}"
    for (folder,), suffix in zip(places(REST), (".graphql", ".json"), strict=True):
        assert (ROOT / folder / f"{endpoint.document}{suffix}").exists()


def test_every_setting_of_a_combination_is_in_the_tests_of_settings() -> None:
    names = {name for name in vars(Checked) if not name.startswith("_")}
    assert names < Settings.model_fields.keys()
    missing = sorted(name for name in names if not re.search(rf"(?i)\b{name}\b", text_of("tests/test_settings.py")))
    assert missing == [], f"Test what app/settings/checks.py rejects in tests/test_settings.py: {', '.join(missing)}"


def test_the_index_of_documents_lists_every_page() -> None:
    index = text_of("docs/README.md")
    pages = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    missing = [page for page in pages if page != "README.md" and f"]({page})" not in index]
    assert missing == [], f"Add these pages to docs/README.md: {', '.join(missing)}"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/README.md"])
def test_the_readme_leads_to(page: str) -> None:
    assert f"]({page})" in text_of("README.md")
