"""The document and its page over HTTP: without a credential, cached, and gone with REST."""

import pytest

from app.rest.openapi.document import text
from app.web import rest_pages
from tests.rest.calling import Service, client_of, error_of

PATHS = ("/v1/openapi.json", "/v1/docs")


async def test_the_document_is_served_without_a_credential(service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn) as client:
        response = await client.get("/v1/openapi.json")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.text == text()


async def test_a_client_that_has_the_document_is_told_that_it_is_unchanged(service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn) as client:
        tag = (await client.get("/v1/openapi.json")).headers["etag"]
        again = await client.get("/v1/openapi.json", headers={"if-none-match": tag})
        other = await client.get("/v1/openapi.json", headers={"if-none-match": '"1"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (other.status_code, other.headers["etag"]) == (200, tag)


async def test_the_page_is_served_where_the_explorer_is(service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn, explorer=True) as client:
        response = await client.get("/v1/docs")
    async with client_of(service, service_dsn) as client:
        without = await client.get("/v1/docs")

    assert response.status_code == 200
    assert "<title>REST endpoints" in response.text
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert "http" not in response.headers["content-security-policy"]
    error_of(without, 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1%2Fopenapi.json", "/v1%2fdocs", "/v1/docs%2F"])
async def test_an_encoded_slash_leads_to_neither(path: str, service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn, explorer=True) as client:
        response = await client.get(path)

    error_of(response, 404, "NOT_FOUND")


async def test_other_encoded_characters_are_those_that_they_stand_for(service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn) as client:
        response = await client.get("/v1/open%61pi%2Ejson")

    assert (response.status_code, response.text) == (200, text())


@pytest.mark.parametrize("path", PATHS)
async def test_other_methods_are_rejected_with_those_that_are_supported(
    path: str, service: Service, service_dsn: str
) -> None:
    async with client_of(service, service_dsn, explorer=True) as client:
        response = await client.post(path)

    error_of(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD"


async def test_a_document_that_can_not_be_made_is_a_masked_failure_in_the_form_of_rest(
    service: Service, service_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        msg = "secret"
        raise RuntimeError(msg)

    monkeypatch.setattr(rest_pages, "text", fail)
    async with client_of(service, service_dsn) as client:
        response = await client.get("/v1/openapi.json", headers={"x-request-id": "r-1"})

    assert error_of(response, 500, "INTERNAL_SERVER_ERROR")["details"] == {"requestId": "r-1"}
    assert "secret" not in response.text


@pytest.mark.parametrize("path", PATHS)
async def test_without_rest_the_paths_are_unknown(path: str, service: Service, service_dsn: str) -> None:
    async with client_of(service, service_dsn, explorer=True, rest=False) as client:
        response = await client.get(path)

    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
