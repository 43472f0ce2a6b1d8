"""The application as a whole: its routes, its middleware, and the real schema behind them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.db.api_keys import PREFIX
from app.engine.trusted import TrustedDocuments, write_manifest
from app.settings import Settings, SettingsError
from app.web.application import create_app
from tests.web.application import client_of
from tests.web.requests import assert_rejected

ORIGIN = "https://app.example.com"


async def test_the_root_names_the_endpoints() -> None:
    async with client_of() as client:
        response = await client.get("/")

    assert response.json() == {"graphql": "/graphql", "live": "/livez", "ready": "/readyz"}


@pytest.mark.parametrize(("explorer", "status"), [(True, 307), (False, 200)])
async def test_the_root_leads_a_browser_to_the_explorer_where_there_is_one(*, explorer: bool, status: int) -> None:
    async with client_of({"accept": "text/html"}, explorer=explorer) as client:
        response = await client.get("/")

    assert response.status_code == status
    # Relative to the request, so that it leads there below every prefix.
    assert response.headers.get("location") == ("graphql" if explorer else None)


async def test_the_explorer_is_served_where_it_is_turned_on() -> None:
    async with client_of({"accept": "text/html"}, explorer=True) as client:
        response = await client.get("/graphql")

    assert "<title>Explorer" in response.text


@pytest.mark.parametrize(("explorer", "make_token"), [(False, None), (False, str), (True, None)])
async def test_nothing_signs_the_explorer_in_but_where_the_application_is_made_to(
    *, explorer: bool, make_token: Callable[[], str] | None
) -> None:
    origin = {"host": "localhost", "origin": "http://localhost"}
    async with client_of(origin, make_token=make_token, explorer=explorer) as client:
        assert (await client.post("/explorer/sign-in")).status_code in {404, 405}
        assert "sign-in" not in (await client.get("/graphql", headers={"accept": "text/html"})).text


async def test_the_explorer_s_files_are_not_served_where_it_is_turned_off() -> None:
    async with client_of() as client:
        response = await client.get("/explorer/index.js")

    assert_rejected(response, 404, "NOT_FOUND", "Nothing is served at this path")


@pytest.mark.parametrize("path", ["/unknown", "/graphql/"])
async def test_an_unknown_path_says_where_graphql_is(path: str) -> None:
    async with client_of() as client:
        response = await client.get(path)

    assert response.status_code == 404
    assert response.headers["x-request-id"]
    assert response.json() == {
        "errors": [
            {
                "message": "Nothing is served at this path; GraphQL is at /graphql.",
                "extensions": {"code": "NOT_FOUND"},
            }
        ]
    }


@pytest.mark.parametrize(("rest", "status"), [(True, 401), (False, 404)])
async def test_the_rest_endpoints_are_served_unless_they_are_turned_off(*, rest: bool, status: int) -> None:
    async with client_of(rest=rest) as client:
        response = await client.get("/v1/customers/1")

    assert response.status_code == status
    assert ("errors" in response.json()) is not rest


async def test_graphql_needs_a_credential() -> None:
    async with client_of() as client:
        response = await client.post("/graphql", json={"query": "{__typename}"})

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_database_that_is_away_is_an_answer_and_no_problem() -> None:
    async with client_of({"x-api-key": f"{PREFIX}{'x' * 43}"}) as client:
        response = await client.post("/graphql", json={"query": "{__typename}"})

    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json()["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE"}


async def test_a_page_of_an_allowed_origin_may_call_and_read_the_request_id() -> None:
    async with client_of({"origin": ORIGIN}, cors_allowed_origins=(ORIGIN,)) as client:
        asked = {
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        }
        preflight = await client.options("/graphql", headers=asked)
        refused = await client.post("/graphql", json={"query": "{__typename}"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origins", [(), ("https://other.example.com",)])
async def test_a_page_of_another_origin_may_not(origins: tuple[str, ...]) -> None:
    async with client_of({"origin": ORIGIN}, cors_allowed_origins=origins) as client:
        response = await client.get("/livez")

    assert "access-control-allow-origin" not in response.headers


def test_without_a_database_url_the_application_is_not_built() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        create_app(Settings())


async def test_logging_follows_the_settings_once_the_application_runs(capfd: pytest.CaptureFixture[str]) -> None:
    async with client_of(log_format="json") as client:
        await client.post("/graphql", json={"query": "{__typename}"})

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "operation"] == [401]


async def test_a_trusted_document_that_does_not_fit_is_logged_once_and_prevents_no_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(write_manifest(TrustedDocuments({"fine": "{viewer {subject}}", "old": "{gone}"})))
    async with client_of(trusted_documents_file=path, trusted_only=True, log_format="json") as client:
        assert (await client.get("/livez")).status_code == 200
        # They are checked one by one, between requests.
        await asyncio.sleep(1)

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (line,) = [entry for entry in lines if entry["event"] == "trusted_document_refused"]
    assert (line["document"], line["code"]) == ("old", "GRAPHQL_VALIDATION_FAILED")
    assert "Cannot query field 'gone'" in line["reason"]


async def test_the_explorer_is_served_where_only_trusted_documents_run(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(write_manifest(TrustedDocuments({"fine": "{viewer {subject}}"})))
    async with client_of(
        {"accept": "text/html"}, explorer=True, trusted_documents_file=path, trusted_only=True
    ) as client:
        response = await client.get("/graphql")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
