"""GraphiQL at /graphql for browsers, from local files. The page contains no data, so it needs no credential."""

from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.web.answers import Answer
from app.web.media_types import takes_gzip
from app.web.sign_in import SignIn

ASSETS_PATH = "/explorer"
SIGN_IN_PATH = f"{ASSETS_PATH}/sign-in"
BUNDLE = Path(__file__).parent / "explorer_bundle"
"""The folder that contains the built `explorer/`; it doesn't exist before the first build."""

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    # Monaco and React set style elements and attributes, which can't carry a nonce.
    "style-src": "'self' 'unsafe-inline'",
    # GraphiQL's style sheet contains its fonts, and Monaco's some images.
    "font-src": "'self' data:",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = (("content-security-policy", "; ".join(f"{name} {value}" for name, value in _POLICY.items())),)
_METHODS = ("GET", "HEAD")
_IMMUTABLE = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title} · customer-gateway</title></head>
<body>
<h1>{heading}</h1>
<p>The service is running and serves {what}. To build the explorer and the page of the REST endpoints once, with Node 20.19 or newer:</p>
<ol>
<li>Install Node from your system's packages or from nodejs.org; <code>node --version</code> and <code>npm --version</code> must answer.</li>
<li>In a checkout, run <code>make dev</code> again: it builds both, which takes about half a minute and needs npm's registry.
Where the service is installed as a package, install it anew: wheels that are built where Node is contain both.</li>
</ol>
</body>
</html>
"""


def explorer_page(bundle: Path = BUNDLE, *, signs_in: bool = False) -> Answer:
    """Return the explorer's page, or one that says how to build it. `signs_in`: the page requests a token here."""
    missing = ("Explorer", "The explorer isn't built", "GraphQL at this address")
    return _page(bundle / "index.html", missing, f".{SIGN_IN_PATH}" if signs_in else None)


def docs_page(bundle: Path = BUNDLE, *, signs_in: bool = False) -> Answer:
    """Return the page of the REST endpoints, which is built with the explorer, in the same way."""
    missing = ("REST endpoints", "The page of the REST endpoints isn't built", "their description as openapi.json")
    return _page(bundle / "v1" / "docs.html", missing, f"..{SIGN_IN_PATH}" if signs_in else None)


def _page(file: Path, missing: tuple[str, str, str], sign_in: str | None) -> Answer:
    try:
        page = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        title, heading, what = missing
        page = _NOT_BUILT.format(title=title, heading=heading, what=what)
    if sign_in is not None:
        # Relative, as all URLs on the page.
        page = page.replace("</head>", f'<meta name="sign-in" content="{sign_in}"></head>', 1)
    return Answer(200, page.encode(), "text/html", _HEADERS)


def explorer_routes(make_token: Callable[[], str] | None) -> list[BaseRoute]:
    """Return the routes of the page's files, and of its tokens if `make_token` is given."""
    sign_in = [] if make_token is None else [Route(SIGN_IN_PATH, SignIn(make_token).answer, methods=["POST"])]
    return [*sign_in, Mount(ASSETS_PATH, ExplorerAssets())]


class ExplorerAssets(StaticFiles):
    """The files that the page loads. Their names contain a hash of their contents; each has a compressed copy."""

    def __init__(self, bundle: Path = BUNDLE) -> None:
        folder = bundle / ASSETS_PATH.strip("/")
        super().__init__(directory=folder, check_dir=False)
        self._names = frozenset(path.name for path in folder.glob("*") if path.suffix != ".gz")

    async def check_config(self) -> None:
        """Accept a missing folder: before the first build, there are no files."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with this name, compressed if the client accepts that."""
        if scope["method"] not in _METHODS:
            raise HTTPException(405, headers={"allow": ", ".join(_METHODS)})
        if path not in self._names:
            raise HTTPException(404)
        if takes_gzip(Headers(scope=scope).get("accept-encoding")):
            response = await super().get_response(f"{path}.gz", scope)
            response.headers["content-encoding"] = "gzip"
        else:
            response = await super().get_response(path, scope)
        # Workers are bound by the policy of their own script, not by the page's.
        response.headers.update({"cache-control": _IMMUTABLE, "vary": "accept-encoding", **dict(_HEADERS)})
        return response
