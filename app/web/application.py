"""The composition root: create all components from the settings, and combine them into one ASGI application."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan

from app.db.write_health import WriteHealth
from app.engine.execution import Engine
from app.rest.recent_bodies import RecentBodies
from app.rest.routing import PREFIX, ROOT
from app.scheduling.pauses import short_switches
from app.services.recent_lists import RecentLists
from app.settings import Settings
from app.web.authentication import Authenticator
from app.web.background import ServiceBackground, database_of
from app.web.causes import flush_causes
from app.web.direct import Direct
from app.web.engine import contexts_of, engine_of, planner_of, snapshots_of
from app.web.envelope import REQUEST_ID, Caught, Envelope
from app.web.explorer import docs_page, explorer_page, explorer_routes
from app.web.graphql_http import GraphQLEndpoint
from app.web.health import Readiness, livez
from app.web.http_errors import FailureCode
from app.web.logs import FLUSH_SECONDS, configure_logging
from app.web.media_types import wants_page
from app.web.metric_sources import MetricSources
from app.web.metrics import Metrics
from app.web.rejected import REJECTED, Rejected
from app.web.request_log import OperationLog
from app.web.rest import RestEndpoints
from app.web.rest_errors import rejected
from app.web.rest_pages import RestPages
from app.web.rest_stream import WholeLists, rows_within
from app.web.running import Runner
from app.web.sse import EventStreams
from app.web.streaming import live_of
from app.web.webhooks import deliveries_of
from app.web.websocket import GraphQLWebSocket
from app.web.websocket_operation import Operations

_log = structlog.get_logger()

GRAPHQL_PATH = "/graphql"

_EXPOSED_HEADERS = (REQUEST_ID, "retry-after", "www-authenticate", "etag", "link", "location")
# Frontends' development servers run on this machine, on any port.
_LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?"
_FOUND_NOTHING = f"Nothing is served at this path; GraphQL is at {GRAPHQL_PATH}."


def create_app(
    settings: Settings, make_token: Callable[[], str] | None = None, write_health: WriteHealth | None = None
) -> Envelope:
    """Return the application for these settings. Raise SettingsError if they are incomplete.

    `make_token` lets the explorer sign in automatically, and pages on every port of this machine call the service. Pass
    it in development only. `write_health` records failed writes, and may be shared among processes. Default: one for
    this application alone.

    Over 40 lines because it connects all parts of the application.
    """
    database = database_of(settings, write_health)
    authenticator = Authenticator.from_settings(settings, database)
    recent = RecentLists(seconds=settings.list_cache_seconds, size=settings.list_cache_size)
    planner = planner_of(settings)
    engine = engine_of(settings, planner)
    open_context = contexts_of(settings, database, recent, engine)
    deliveries = deliveries_of(settings, database, engine, open_context)
    background = ServiceBackground(settings, database, deliveries)
    live = live_of(settings, engine, database, background.heads, open_context)
    bodies = RecentBodies(seconds=settings.list_cache_seconds, size=settings.list_cache_size)
    sources = MetricSources(
        database, engine, planner, authenticator, recent, bodies.lists, background, live, deliveries
    )
    metrics = Metrics(sources) if settings.metrics else None
    log = OperationLog(metrics)
    runner = Runner(
        engine,
        open_context,
        timeout_seconds=settings.request_timeout_seconds,
        show_execution=settings.show_execution,
    )
    websocket = GraphQLWebSocket(Operations(runner, authenticator.authenticate, log, live), GRAPHQL_PATH)
    endpoint = GraphQLEndpoint(
        runner,
        authenticator.authenticate,
        log=log,
        max_body_bytes=settings.max_body_bytes,
        page=explorer_page(signs_in=make_token is not None) if settings.explorer else None,
        streams=EventStreams(live, authenticator.authenticate, settings.live_keepalive_seconds),
    )

    rest = None
    if settings.rest:
        endpoints = RestEndpoints(
            engine,
            runner,
            authenticator.authenticate,
            WholeLists(
                engine,
                snapshots_of(database, open_context),
                runner.deadline,
                bodies,
                settings.rest_list_seconds,
                rows_within(settings.limits),
            ),
            log=log,
            max_body_bytes=settings.max_body_bytes,
        )
        rest = RestPages(endpoints, docs_page(signs_in=make_token is not None) if settings.explorer else None)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[dict[str, Rejected]]:
        # Not before: a process that creates the application without serving it, such as a test, keeps its own logging.
        writer = configure_logging(settings)
        log.configure(settings, writer)
        tasks = [asyncio.create_task(_check_trusted(engine))]
        if metrics is not None:
            tasks.append(asyncio.create_task(metrics.keep_sampling()))
        async with AsyncExitStack() as stack:
            stack.enter_context(short_switches())
            stack.push_async_callback(asyncio.to_thread, writer.flush, FLUSH_SECONDS)
            stack.callback(flush_causes)
            stack.push_async_callback(database.dispose)
            stack.push_async_callback(authenticator.aclose)
            for task in tasks:
                stack.callback(task.cancel)
            background.start()
            stack.push_async_callback(background.stop)
            stack.push_async_callback(live.aclose)
            yield {} if rest is None else {REJECTED: rejected}

    return assemble(settings, endpoint, Readiness(database).readyz, lifespan, make_token, metrics, websocket, rest)


def assemble(
    settings: Settings,
    graphql: ASGIApp,
    readyz: Callable[[Request], Awaitable[Response]],
    lifespan: Lifespan[Starlette] | None = None,
    make_token: Callable[[], str] | None = None,
    metrics: Metrics | None = None,
    websocket: ASGIApp | None = None,
    rest: ASGIApp | None = None,
) -> Envelope:
    """Return an application with these endpoints. Requests for GraphQL and REST bypass the router."""
    routes: list[BaseRoute] = [
        Route(GRAPHQL_PATH, graphql),
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/", partial(_index, explorer=settings.explorer)),
    ]
    if rest is not None:
        routes += [Route(ROOT, rest), Route(f"{PREFIX}{{path:path}}", rest)]
    if metrics is not None:
        routes.append(Route("/metrics", metrics.endpoint))
    if settings.explorer:
        routes += explorer_routes(make_token)
    routed = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Caught)],
        exception_handlers={HTTPException: _http_error},
    )
    # A redirect would contain the scheme and host that this process sees; behind a proxy, the caller's are different.
    routed.router.redirect_slashes = False
    served = Direct(routed, GRAPHQL_PATH, graphql, websocket, rest)
    is_development = make_token is not None
    if settings.cors_allowed_origins or is_development:
        return Envelope(_with_cors(served, settings, is_development=is_development))
    return Envelope(served)


def _with_cors(served: ASGIApp, settings: Settings, *, is_development: bool) -> ASGIApp:
    """Return the application for pages of other origins."""
    cors = CORSMiddleware(
        served,
        allow_origins=settings.cors_allowed_origins,
        allow_origin_regex=_LOOPBACK_ORIGIN if is_development else None,
        allow_methods=("GET", "POST", "PATCH") if settings.rest else ("GET", "POST"),
        allow_headers=settings.cors_allowed_headers,
        expose_headers=_EXPOSED_HEADERS,
        max_age=settings.cors_max_age_seconds,
    )
    # Starlette looks up each element of a preflight's list here; empty elements must be ignored (RFC 9110, 5.6.1).
    cors.allow_headers.append("")
    return cors


async def _check_trusted(engine: Engine) -> None:
    """Log each trusted document that is invalid. Checking many takes seconds, so requests run in between."""
    for document_id, error in engine.check_trusted():
        if error is not None:
            _log.warning("trusted_document_refused", document=document_id, code=error.kind, reason=str(error))
        await asyncio.sleep(0)


async def _index(request: Request, *, explorer: bool) -> Response:
    if explorer and wants_page(request.headers.get("accept")):
        return RedirectResponse(GRAPHQL_PATH.removeprefix("/"))
    return JSONResponse({"graphql": GRAPHQL_PATH, "live": "/livez", "ready": "/readyz"})


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what this handler is registered for
    found = error.status_code != HTTPStatus.NOT_FOUND
    code, message = (FailureCode.METHOD_NOT_ALLOWED, error.detail) if found else (FailureCode.NOT_FOUND, _FOUND_NOTHING)
    return JSONResponse(
        {"errors": [{"message": message, "extensions": {"code": code}}]}, error.status_code, error.headers
    )
