"""The application with a fault, `FAULT`: what a release must not do, and one day does."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from kaira_fastapi_poetry.main import app as well

FAULT = os.environ["FAULT"]
LATER = float(os.environ.get("LATER", "2"))  # seconds after the first visitor: it is live by then
visits: list[float] = []  # when the first one was
hoard: list[bytes] = []
both = asyncio.Barrier(2)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """ASGI."""
    path = scope.get("path")
    if not visits and _by_visitor(scope):
        visits.append(time.monotonic())
    late = bool(visits) and time.monotonic() > visits[0] + LATER
    if FAULT == "health hangs" and path == "/health":
        await asyncio.sleep(3600)
    if FAULT == "memory" and path == "/health":
        while True:
            hoard.append(os.urandom(1 << 20))
    if FAULT == "crash" and late:
        os._exit(3)
    if FAULT == "waits for another" and path in ("/chat", "/api/chat"):
        # Not broken: it needs that visitors are let through while others wait.
        await asyncio.wait_for(both.wait(), 1)
        headers = [(b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"met"})
        return
    if FAULT == "slow" and path == "/api/slow":
        # Not broken either: an answer of twelve seconds.
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in [True] * 24 + [False]:
            await send({"type": "http.response.body", "body": b"slow", "more_body": more})
            await asyncio.sleep(0.5)
        return
    if (FAULT == "page" and path == "/about/") or (
        FAULT == "route" and path == "/api/info" and late
    ):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"broken"})
        return
    await well(scope, receive, send)


def _by_visitor(scope: Any) -> bool:
    """Neither by Docker, nor by the edge itself, which looks at a release before it is live."""
    sent_for = dict(scope.get("headers", ())).get(b"x-forwarded-for", b"127.")
    return not sent_for.startswith(b"127.")
