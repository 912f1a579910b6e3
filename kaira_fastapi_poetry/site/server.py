"""The files of a site, ahead of an application's routes."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from kaira_fastapi_poetry.site.assets import Assets
from kaira_fastapi_poetry.site.paths import Hostile
from kaira_fastapi_poetry.site.responses import (
    FileChangedError,
    Sent,
    refuse,
    respond,
    respond_error,
)
from kaira_fastapi_poetry.telemetry import metrics

# The application's own paths: a file of that name does not hide them.
RESERVED = {b"/health", b"/metrics", b"/_paths"}
RESERVED_BELOW = b"/api/"

log = structlog.get_logger()


class SiteServer:
    """ASGI middleware that answers what is a file or a folder of the site.

    assets: called for each request, because a site in development changes.
    access_log: write a line for every answer; else they are only counted.
    """

    def __init__(
        self, app: ASGIApp, assets: Callable[[], Assets], *, access_log: bool = False
    ) -> None:
        self._app = app
        self._assets = assets
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the site, or pass the request on."""
        raw_path: bytes = scope.get("raw_path", b"")
        if not raw_path or raw_path in RESERVED or raw_path.startswith(RESERVED_BELOW):
            await self._app(scope, receive, send)
            return
        assets = self._assets()
        try:
            asset = assets.find(raw_path)
            folder = asset is None and assets.find(raw_path + b"/") is not None
        except Hostile as reason:
            log.warning("path refused", reason=str(reason), path=raw_path.decode("latin-1"))
            metrics.requests_refused.labels("path").inc()
            self._count(scope, await respond_error(404, assets, scope, receive, send))
            return
        if asset is not None:
            try:
                sent = await respond(asset, scope, receive, send)
            except FileChangedError:
                asset = assets.renew(asset)
                if asset is None:
                    sent = await respond_error(404, assets, scope, receive, send)
                else:
                    sent = await respond(asset, scope, receive, send)
            self._count(scope, sent)
        elif folder:
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            location = [(b"location", raw_path + b"/" + query)]
            self._count(scope, await refuse(308, location, send))
        else:
            await self._app(scope, receive, send)

    def _count(self, scope: Scope, sent: Sent) -> None:
        responses, size = metrics.site_counters(sent.status, sent.coding)
        responses.inc()
        size.inc(sent.size)
        if self._access_log:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=sent.status,
                bytes=sent.size,
                coding=sent.coding,
            )
