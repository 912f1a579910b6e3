"""What a request must be before anything looks at it, and the headers every answer carries.

Limits on the wire, of header size and of time, are in `protocol`.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kaira_fastapi_poetry.problems import problem
from kaira_fastapi_poetry.telemetry import metrics

MAX_BODY = 1024 * 1024  # bytes; the API takes no uploads
BODY_SECONDS = 30.0

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}

# A name or an address, and perhaps a port (RFC 3986, 3.2.2).
_HOST = re.compile(rb"([A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
_PORT = re.compile(rb":[0-9]*$")

Headers = list[tuple[bytes, bytes]]

# With every answer, whatever site it is: nothing here changes what a page can do.
BASELINE: Headers = [(b"x-content-type-options", b"nosniff")]
# With the pages of a site that states no headers of its own. Inline scripts, fonts of a CDN
# and frames keep working: a policy that someone else's pages can live with is theirs to state.
PLAIN_PAGE: Headers = [
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
]

log = structlog.get_logger()


class WellFormed:
    """ASGI middleware: refuses unknown methods, missing, repeated and foreign Host headers.

    allowed_hosts: names, "*.example.com" for all below a name, "*" for any.
    """

    # Load balancers and container engines ask for these by address.
    ANY_HOST = ("/health", "/metrics")

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...]) -> None:
        self._app = app
        self._any = "*" in allowed_hosts
        self._names = {host.encode() for host in allowed_hosts}
        self._suffixes = tuple(host[1:].encode() for host in allowed_hosts if host[:2] == "*.")
        self._is_allowed = lru_cache(1024)(self._check_host)  # bounded: clients make them up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is well formed."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            status, reason = refusal
            log.warning("request refused", reason=reason, status=int(status))
            metrics.requests_refused.labels(reason).inc()
            await problem(status, headers={"connection": "close"})(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[HTTPStatus, str] | None:
        if scope["method"] not in METHODS:
            return HTTPStatus.NOT_IMPLEMENTED, "method"
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        by_address = scope["path"] in self.ANY_HOST
        if not hosts and scope["http_version"] == "1.0":
            return None if self._any or by_address else (HTTPStatus.BAD_REQUEST, "host")
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            return HTTPStatus.BAD_REQUEST, "host"  # RFC 9112, 3.2
        if not (by_address or self._is_allowed(hosts[0])):
            return HTTPStatus.BAD_REQUEST, "host"
        return None

    def _check_host(self, host: bytes) -> bool:
        name = _PORT.sub(b"", host.lower())
        return self._any or name in self._names or name.endswith(self._suffixes or (b"\0",))


class SecurityHeaders:
    """ASGI middleware: `headers` on every answer that does not have them yet."""

    def __init__(self, app: ASGIApp, headers: Headers) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers on the way back."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                added = [header for header in self._headers if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """ASGI middleware: refuses a body above `MAX_BODY` (413) or slower than `BODY_SECONDS`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with a limit on what is received."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if stated.isdigit() and int(stated) > MAX_BODY:
            metrics.requests_refused.labels("body").inc()
            await problem(413, headers={"connection": "close"})(scope, receive, send)
            return
        size = 0
        complete = False
        deadline = asyncio.get_running_loop().time() + BODY_SECONDS

        async def limited_receive() -> Message:
            nonlocal size, complete
            if complete:  # what comes now is the disconnect, however long it takes
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"connection": "close"}) from None
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if size > MAX_BODY:
                metrics.requests_refused.labels("body").inc()
                raise HTTPException(413, headers={"connection": "close"})
            return message

        await self._app(scope, limited_receive, send)
