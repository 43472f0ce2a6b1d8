"""The explorer: a page for browsers where it is turned on, and nothing else changed."""

import gzip
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.routing import Mount

from app.web.answers import Answer
from app.web.explorer import ExplorerAssets, docs_page, explorer_page
from tests.support.toy_app import client_of, toy_app
from tests.web.requests import assert_rejected

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_a_browser_gets_the_page_without_a_credential() -> None:
    async with client_of(toy_app(explorer=True), {}) as client:
        response = await client.get("/graphql?query={hello}", headers=BROWSER)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Explorer" in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert {policy[name] for name in ("script-src", "worker-src", "connect-src")} == {"'self'"}
    assert {policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert not re.search(r"https?:|blob:|\*|unsafe-eval", response.headers["content-security-policy"])


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0, application/json"])
async def test_a_client_that_asks_for_no_page_gets_graphql(accept: str) -> None:
    async with client_of(toy_app(explorer=True)) as client:
        response = await client.get("/graphql?query={hello}", headers={"accept": accept})

    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_a_post_is_graphql_even_from_a_browser() -> None:
    async with client_of(toy_app(explorer=True)) as client:
        response = await client.post("/graphql", json={"query": "{hello}"}, headers=BROWSER)

    assert response.json() == {"data": {"hello": "Hello you"}}


async def test_turned_off_a_browser_gets_graphql_and_needs_a_credential() -> None:
    async with client_of(toy_app(explorer=False), {}) as client:
        response = await client.get("/graphql", headers=BROWSER)

    assert_rejected(response, 401, "UNAUTHENTICATED", "Send a token.")


SCRIPT = b"export const answer = 42; // and so on, and so on, and so on"
NAME = "index-BZfQ0Ab1.js"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle as the build makes it, but small."""
    folder = tmp_path / "bundle" / "explorer"
    folder.mkdir(parents=True)
    (folder.parent / "index.html").write_text("<html><head><title>Built</title></head></html>")
    (folder / NAME).write_bytes(SCRIPT)
    (folder / f"{NAME}.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.js").write_text("outside")
    return folder.parent


@asynccontextmanager
async def client_of_assets(bundle: Path) -> AsyncGenerator[AsyncClient]:
    app = Starlette(routes=[Mount("/explorer", ExplorerAssets(bundle))])
    async with AsyncClient(transport=ASGITransport(app), base_url="http://service.test") as client:
        yield client


async def fetched(bundle: Path, path: str, method: str = "GET", **headers: str) -> Response:
    async with client_of_assets(bundle) as client:
        return await client.request(method, path, headers=headers)


async def test_a_file_of_the_bundle_is_served_compressed_and_kept_for_ever(bundle: Path) -> None:
    async with client_of_assets(bundle) as client, client.stream("GET", f"/explorer/{NAME}") as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])

    assert gzip.decompress(raw) == SCRIPT
    assert response.headers["content-type"].partition(";")[0] == "text/javascript"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0, br", ""])
async def test_a_client_that_takes_no_gzip_gets_the_file_as_it_is(bundle: Path, accepted: str) -> None:
    response = await fetched(bundle, f"/explorer/{NAME}", **{"accept-encoding": accepted})

    assert response.content == SCRIPT
    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "accept-encoding"


async def test_head_says_what_get_would(bundle: Path) -> None:
    head, get = [await fetched(bundle, f"/explorer/{NAME}", method) for method in ("HEAD", "GET")]

    assert head.content == b""
    assert head.headers == get.headers


@pytest.mark.parametrize(
    "path",
    [
        "unknown.js",
        f"{NAME}.gz",
        "../index.html",
        "..%2findex.html",
        "%2e%2e/%2e%2e/secret.js",
        "..%5c..%5csecret.js",
        "/etc/passwd",
        "",
    ],
)
async def test_nothing_but_the_bundle_s_own_files_is_served_and_nothing_else_is_kept(bundle: Path, path: str) -> None:
    response = await fetched(bundle, f"/explorer/{path}")

    assert response.status_code == 404
    assert "cache-control" not in response.headers


async def test_files_are_only_read(bundle: Path) -> None:
    response = await fetched(bundle, f"/explorer/{NAME}", "POST")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_the_page_is_the_built_one_and_asks_for_no_token_by_itself(bundle: Path) -> None:
    assert explorer_page(bundle).body == b"<html><head><title>Built</title></head></html>"


def test_where_it_signs_in_by_itself_the_page_says_where(bundle: Path) -> None:
    page = explorer_page(bundle, signs_in=True)

    assert b'<meta name="sign-in" content="./explorer/sign-in"></head>' in page.body


def test_the_page_of_rest_is_in_the_bundle_in_a_folder_like_its_path(bundle: Path) -> None:
    (bundle / "v1").mkdir()
    (bundle / "v1" / "docs.html").write_text("<html><head></head></html>")

    assert docs_page(bundle).body == b"<html><head></head></html>"
    assert b'<meta name="sign-in" content="../explorer/sign-in"></head>' in docs_page(bundle, signs_in=True).body


@pytest.mark.parametrize("page_of", [explorer_page, docs_page])
def test_without_a_bundle_the_page_says_how_to_get_one(tmp_path: Path, page_of: Callable[[Path], Answer]) -> None:
    page = page_of(tmp_path)

    assert page.status == 200
    assert b"Node 20.19 or newer" in page.body
    assert b"make dev" in page.body
    assert b"<script" not in page.body
