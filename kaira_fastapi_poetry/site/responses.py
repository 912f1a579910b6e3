"""From an asset and a request to a response: conditions, ranges, errors (RFC 9110)."""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from typing import NamedTuple

from anyio import to_thread
from starlette.types import Receive, Scope, Send

from kaira_fastapi_poetry.protocol import PREPARED
from kaira_fastapi_poetry.site import negotiation
from kaira_fastapi_poetry.site.assets import Asset, Assets, Headers, Representation
from kaira_fastapi_poetry.site.bundle import IDENTITY

CHUNK = 256 * 1024  # bytes read and sent at a time from a large file

_METHODS = b"GET, HEAD"
# A 304 repeats what a cache needs to know, and leaves out what describes the content (15.4.5).
_IN_304 = {
    b"etag",
    b"last-modified",
    b"cache-control",
    b"x-accel-expires",
    b"vary",
    b"x-content-type-options",
}
# An error page is not the representation of its path: nothing to ask for it by.
_NOT_IN_ERROR = {b"etag", b"last-modified", b"accept-ranges", b"cache-control", b"x-accel-expires"}
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_PLAIN_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), _NOSNIFF]
_EDGE_CACHE = (b"x-accel-expires", b"5")  # where a page was: see nginx/edge/cache.conf
_ERROR_CACHE = [(b"cache-control", b"no-cache"), _EDGE_CACHE]


class FileChangedError(Exception):
    """The file is not as it was at the start; nothing has been sent yet."""


class Sent(NamedTuple):
    """What was answered, to be counted: the body's bytes are those that were promised."""

    status: int
    coding: str
    size: int


async def respond(asset: Asset, scope: Scope, receive: Receive, send: Send) -> Sent:
    """Answer a request for `asset`.

    Raises FileChangedError if it must be looked at again first.
    """
    if scope["method"] not in ("GET", "HEAD"):
        return await refuse(405, [(b"allow", _METHODS)], send)
    headers = dict(scope["headers"])
    coding = negotiation.choose(asset.codings, headers.get(b"accept-encoding"))
    if coding is None:
        return await refuse(406, [(b"vary", b"accept-encoding")], send)
    chosen = asset.represented(coding)
    if _not_modified(asset, chosen, headers):
        start = [header for header in chosen.headers if header[0] in _IN_304]
        return await _send(304, coding, start, b"", send)
    return await _respond_content(asset, chosen, headers, scope, receive, send)


async def respond_error(
    status: int, assets: Assets, scope: Scope, receive: Receive, send: Send
) -> Sent:
    """Answer with the site's own page for an error, `404.html` say; else in a few words."""
    page = assets.error_page(status, scope["raw_path"])
    if page is None:
        text = HTTPStatus(status).phrase.encode()
        headers = [*_PLAIN_TEXT, (b"content-length", b"%d" % len(text)), *_ERROR_CACHE]
        body = b"" if scope["method"] == "HEAD" else text
        return await _send(status, IDENTITY, headers, body, send)
    accept = dict(scope["headers"]).get(b"accept-encoding")
    chosen = page.represented(negotiation.choose(page.codings, accept) or page.codings[0])
    headers = [header for header in chosen.headers if header[0] not in _NOT_IN_ERROR]
    headers += _ERROR_CACHE
    if scope["method"] == "HEAD":
        return await _send(status, chosen.variant.coding, headers, b"", send)
    return await _send_part(status, chosen, headers, (0, chosen.variant.size), receive, send)


async def refuse(status: int, headers: Headers, send: Send) -> Sent:
    """Answer without content: 308, 405, 406, 416."""
    start = [(b"content-length", b"0"), _NOSNIFF, *headers]
    if status == 308:
        start.append(_EDGE_CACHE)
    return await _send(status, IDENTITY, start, b"", send)


# Private


def _not_modified(asset: Asset, chosen: Representation, headers: dict[bytes, bytes]) -> bool:
    """If-Modified-Since counts only where If-None-Match is absent (13.2.2)."""
    if (tags := headers.get(b"if-none-match")) is not None:
        return negotiation.matches(tags, chosen.etag)
    date = headers.get(b"if-modified-since")
    return date is not None and negotiation.unmodified_since(date, asset.modified)


async def _respond_content(
    asset: Asset,
    chosen: Representation,
    headers: dict[bytes, bytes],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> Sent:
    coding = chosen.variant.coding
    if scope["method"] == "HEAD":
        return await _send(200, coding, chosen.headers, b"", send)
    if b"range" in headers and negotiation.range_applies(
        headers.get(b"if-range"), chosen.etag, asset.modified
    ):
        return await _respond_range(chosen, headers[b"range"], receive, send)
    if chosen.body is not None:
        send_prepared = scope.get("extensions", {}).get(PREPARED)
        if send_prepared is None or not send_prepared(
            scope, (chosen.own, chosen.shared), chosen.body
        ):
            await _send(200, coding, chosen.headers, chosen.body, send)
        return Sent(200, coding, chosen.variant.size)
    return await _send_part(200, chosen, chosen.headers, (0, chosen.variant.size), receive, send)


async def _respond_range(
    chosen: Representation, header: bytes, receive: Receive, send: Send
) -> Sent:
    size = chosen.variant.size
    try:
        part = negotiation.single_range(header, size)
    except negotiation.Unsatisfiable:
        return await refuse(416, [(b"content-range", b"bytes */%d" % size)], send)
    if part is None:
        return await _send_part(200, chosen, chosen.headers, (0, size), receive, send)
    start, stop = part
    headers = [header for header in chosen.headers if header[0] != b"content-length"]
    headers.append((b"content-length", b"%d" % (stop - start)))
    headers.append((b"content-range", b"bytes %d-%d/%d" % (start, stop - 1, size)))
    return await _send_part(206, chosen, headers, part, receive, send)


async def _send_part(
    status: int,
    chosen: Representation,
    headers: Headers,
    part: tuple[int, int],
    receive: Receive,
    send: Send,
) -> Sent:
    start, stop = part
    if chosen.body is not None:
        return await _send(status, chosen.variant.coding, headers, chosen.body[start:stop], send)
    file = await to_thread.run_sync(_open, chosen)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for offset in range(start, stop, CHUNK):
            if gone.done():
                break
            body = await to_thread.run_sync(os.pread, file, min(CHUNK, stop - offset), offset)
            await send(
                {
                    "type": "http.response.body",
                    "body": body,
                    "more_body": offset + CHUNK < stop,
                }
            )
    finally:
        gone.cancel()
        os.close(file)
    return Sent(status, chosen.variant.coding, stop - start)


def _open(chosen: Representation) -> int:
    assert chosen.location is not None  # where there is no body
    try:
        file = os.open(chosen.location, os.O_RDONLY)
    except FileNotFoundError:
        raise FileChangedError from None
    if os.fstat(file).st_size != chosen.variant.size:
        os.close(file)
        raise FileChangedError
    return file


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(status: int, coding: str, headers: Headers, body: bytes, send: Send) -> Sent:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return Sent(status, coding, len(body))
