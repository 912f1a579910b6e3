"""One request: its id, its log line, and an answer whatever happens."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import secrets
import time
from contextlib import suppress

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kaira_fastapi_poetry import problems
from kaira_fastapi_poetry.lifecycle import lifecycle
from kaira_fastapi_poetry.telemetry import logs

SLOW_SECONDS = 0.5  # as the alert AnswersSlow has it
LINGER_SECONDS = 2.0

_WELL_FORMED = re.compile(rb"[A-Za-z0-9_-]{8,64}")
_CLOSE = (b"connection", b"close")
_HAS_BODY = {b"content-length", b"transfer-encoding"}

log = structlog.get_logger()


class RequestId:
    """ASGI middleware: each response carries the id that the request came with or was given.

    What raises inside is logged under it, and answered with 500. While the process drains,
    each response also asks its client to leave.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._new_id = _ids()
        # Workers are forked from one process: each needs a sequence of its own.
        os.register_at_fork(after_in_child=self._start_over)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the id in the response and in every log line.

        Raises what was raised inside only if part of the answer is out: the connection must
        end then, so that it shows.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id")
        if given is not None and _WELL_FORMED.fullmatch(given):
            identifier = given
        else:
            identifier = next(self._new_id)
        text = identifier.decode()
        scope.setdefault("state", {})["request_id"] = text  # a server without lifespan has none
        logs.request_id.set(text)

        started = False
        body = _Body(receive) if _HAS_BODY.intersection(headers) else None

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                sent = [*message["headers"], (b"x-request-id", identifier)]
                if lifecycle.draining:
                    sent.append(_CLOSE)
                    if body is not None:
                        await body.finish()
                message = {**message, "headers": sent}
            await send(message)

        try:
            await self._app(scope, body or receive, send_with_id)
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if started:
                raise
            await problems.problem(500)(scope, receive, send_with_id)

    def _start_over(self) -> None:
        self._new_id = _ids()


class _Body:
    """ASGI's `receive`, which knows whether the body has come to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._complete = not message.get("more_body", False)
        return message

    async def finish(self) -> None:
        """Take in what is still to come, for a while.

        If the connection were closed before, whoever is sending would be cut off and might not
        see the answer (RFC 9112, 9.6).
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._complete:
                    await self()


class RequestLog:
    """ASGI middleware: a line for each request to a route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on and log what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # unless an answer says something else
        began = time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            self._log(scope, status, time.perf_counter() - began)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        quiet = scope["path"] in ("/health", "/metrics") and status < 500
        write = log.debug if quiet else log.warning if seconds > SLOW_SECONDS else log.info
        write(
            "slow request" if seconds > SLOW_SECONDS else "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            duration_seconds=round(seconds, 6),
        )


# Private


def _ids() -> itertools.chain[bytes]:
    """Ids that no other process makes: a random half and a counted half, 32 hex digits."""
    prefix = secrets.token_hex(8).encode()
    return itertools.chain(b"%b%016x" % (prefix, number) for number in itertools.count())
