"""What the application is made of, from the outside in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from kaira_fastapi_poetry import __version__, guards
from kaira_fastapi_poetry.api import health, info, internal, products
from kaira_fastapi_poetry.lifecycle import lifecycle
from kaira_fastapi_poetry.problems import PROBLEM_CONTENT, problem
from kaira_fastapi_poetry.settings import Settings, load_settings
from kaira_fastapi_poetry.site.assets import Assets
from kaira_fastapi_poetry.site.bundle import Bundle, open_site
from kaira_fastapi_poetry.site.responses import respond_error
from kaira_fastapi_poetry.site.server import SiteServer
from kaira_fastapi_poetry.telemetry import logs, metrics
from kaira_fastapi_poetry.telemetry.requests import RequestId, RequestLog


def create_app(
    settings: Settings | None = None, bundle: Callable[[], Bundle] | None = None
) -> FastAPI:
    """The application: a site, an API, and what watches over both.

    settings: by default those of the environment.
    bundle: gives the site as it is now; by default what `SITE_DIR` holds at the start.

    Raises SettingsError or BundleError, each with one line for the operator.
    """
    settings = settings or load_settings()
    logs.configure(settings)
    assets = _assets(settings, bundle)

    app = Kaira(
        title="Kaira",
        version=__version__,
        docs_url="/docs" if settings.debug else None,
        openapi_url="/openapi.json" if settings.debug else None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": {"description": "What went wrong", "content": PROBLEM_CONTENT}},
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.assets = assets

    for router in (health.router, info.router, products.router, internal.router):
        app.include_router(router)
    _answer_errors(app, assets)

    metrics.instrument(app)
    app.wrap(
        Middleware(RequestId),
        Middleware(guards.WellFormed, settings.allowed_hosts),
        Middleware(SiteServer, assets, access_log=settings.access_log),
        Middleware(guards.SecurityHeaders, [*guards.BASELINE, *guards.PLAIN_PAGE]),
        Middleware(ProxyHeadersMiddleware, list(settings.forwarded_allow_ips)),
        Middleware(RequestLog),
        Middleware(guards.BodyLimit),
    )
    return app


class Kaira(FastAPI):
    """FastAPI with layers around all of it.

    Starlette puts an application's own middleware inside of its error handling and of what
    FastAPI does for each request. The files of a site need none of that, and it would cost
    a quarter of the time that they take.
    """

    _layers: ASGIApp | None = None

    def wrap(self, *layers: Middleware) -> None:
        """Put `layers` around the application, the first one outermost."""
        self._layers = super().__call__
        for layer in reversed(layers):
            self._layers = layer.cls(self._layers, *layer.args, **layer.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        assert self._layers is not None
        await self._layers(scope, receive, send)


# Private


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with lifecycle.watch():
        yield
    logs.flush()  # the server may end by its signal, without another word


def _assets(settings: Settings, bundle: Callable[[], Bundle] | None) -> Callable[[], Assets]:
    """What gives the prepared site, made again only when the bundle is another one."""
    now = bundle() if bundle else open_site(settings.site_dir)
    prepared = _prepare(now)

    def current() -> Assets:
        nonlocal now, prepared
        if bundle is not None and (newest := bundle()) is not now:
            now, prepared = newest, _prepare(newest)
        return prepared

    return current


def _prepare(bundle: Bundle) -> Assets:
    stated = {name.lower().encode(): value.encode() for name, value in bundle.headers}
    document = {**dict(guards.BASELINE), **(stated or dict(guards.PLAIN_PAGE))}
    return Assets(bundle, list(document.items()), guards.BASELINE)


def _answer_errors(app: FastAPI, assets: Callable[[], Assets]) -> None:
    """Problem+json for the API, the site's own pages for everything else."""

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code != 404 or request.url.path.startswith("/api/"):
            detail = error.detail if error.status_code < 500 else None
            return problem(error.status_code, detail, dict(error.headers or {}))

        async def page(scope: Scope, receive: Receive, send: Send) -> None:
            await respond_error(404, assets(), scope, receive, send)

        return page  # type: ignore[return-value]  # called like a response

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {"parameter": ".".join(map(str, each["loc"][1:])), "detail": each["msg"]}
            for each in error.errors()
        ]
        return problem(422, "One or more parameters are not valid.", errors=errors)

    @app.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> Response:
        return problem(500)
