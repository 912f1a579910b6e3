"""The ceiling: constant answers with two headers, and nothing looked at but the path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SITE = Path(os.environ["BENCH_SITE"])
INFO = b'{"name":"kaira","version":"1.0.0","release":"bench","environment":"production"}'


def _prepare(kind: bytes, body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


ANSWERS = {f"/{file.name}": _prepare(b"text/html; charset=utf-8", file.read_bytes())
           for file in SITE.glob("*.html")}  # fmt: skip
ANSWERS["/api/info"] = _prepare(b"application/json", INFO)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """ASGI."""
    if scope["type"] != "http":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    start, body = ANSWERS[scope["path"]]
    await send(start)
    await send(body)
