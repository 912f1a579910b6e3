"""The ceiling: a constant answer, and nothing looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BODY = (Path(os.environ["BENCH_SITE"]) / "small.html").read_bytes()
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-length", b"%d" % len(BODY)),
]
LARGE = (Path(os.environ["BENCH_SITE"]) / "large.html").read_bytes()
LARGE_HEADERS = [HEADERS[0], (b"content-length", b"%d" % len(LARGE))]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """ASGI."""
    if scope["type"] != "http":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    small = scope["path"] == "/small.html"
    headers = HEADERS if small else LARGE_HEADERS
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY if small else LARGE})
