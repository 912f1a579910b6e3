"""The application with a fault, `FAULT`: what a release must not do, and one day does."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from kaira_fastapi_poetry.main import app as well

FAULT = os.environ["FAULT"]
LATER = float(os.environ.get("LATER", "8"))  # seconds after the start, when the release is live
began = time.monotonic()
hoard: list[bytes] = []
both = asyncio.Barrier(2)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """ASGI."""
    path, late = scope.get("path"), time.monotonic() > began + LATER
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
    if (FAULT == "page" and path == "/about/") or (
        FAULT == "route" and path == "/api/info" and late
    ):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"broken"})
        return
    await well(scope, receive, send)
