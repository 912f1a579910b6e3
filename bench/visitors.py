"""Visitors who never try twice: `python -m bench.visitors PORT` until SIGTERM.

Each keeps one connection alive, as HTTP/1.1 has it, and sends one request after another at a
steady pace, so that everyone who deploys is asked equally often. Half of them ask for pages,
which an edge may keep, half for a route that nobody may. A request is lost if no whole answer
comes, none in time, or another one than 200. A connection that the server has ended before the
next request is no loss: a visitor who sees that opens another. But a request is underway for a
while, and who sends it cannot know that meanwhile the other end is closed.

At the end a line of JSON tells what came of it all.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, islice

VISITORS = 32
EACH_SECOND = 20  # requests of each visitor
UNDERWAY = 0.02  # seconds that a request takes to the server, within a country say
SECONDS = 10.0  # until an answer is there
ROUTE = "/api/info"
PAGES = ("/", "/ko/", "/about/", "/ko/lookbook/", "/help/", "/journal/")

HEAD = "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n"


@dataclass
class Tally:
    """sent: requests by kind, "page" and "route"; lost: how many, by kind and what happened;
    releases: when each was first seen, on the machine's own clock (`time.monotonic`).
    """

    sent: Counter[str] = field(default_factory=Counter)
    lost: dict[str, Counter[str]] = field(
        default_factory=lambda: {"page": Counter(), "route": Counter()}
    )
    releases: dict[str, float] = field(default_factory=dict)


class Visitor:
    """One connection, and another only when the server has ended it or a request was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> tuple[int, bytes]:
        """Status and body. Raises OSError, EOFError or ValueError if no whole answer comes."""
        if self._streams is not None and self._streams[0].at_eof():
            self.leave()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        await asyncio.sleep(UNDERWAY)
        writer.write(HEAD.format(path=path).encode())
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = await _body(reader, headers)
        if headers.get("connection") == "close":
            self.leave()
        return int(lines[0][9:12]), body  # after "HTTP/1.1 "

    def leave(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def visit(port: int, stop: asyncio.Event, visitors: int = VISITORS) -> Tally:
    """Everybody asks until `stop`; every request that was sent has come to its end then."""
    tally = Tally()
    everyone = [
        _ask_on(Visitor(port), kind, number / visitors, tally, stop)
        for number, kind in zip(range(visitors), cycle(tally.lost), strict=False)
    ]
    await asyncio.gather(*everyone)
    return tally


# Private


async def _ask_on(
    visitor: Visitor, kind: str, start: float, tally: Tally, stop: asyncio.Event
) -> None:
    pace = 1 / EACH_SECOND
    paths = islice(cycle(PAGES), int(start * 100), None) if kind == "page" else cycle([ROUTE])
    due = time.monotonic() + start * pace  # not all at the same moment
    for path in paths:
        await asyncio.sleep(due - time.monotonic())
        if stop.is_set():
            break
        what = await _fate(visitor, path, tally)
        tally.sent[kind] += 1
        if what:
            tally.lost[kind][what] += 1
            visitor.leave()
        # Who had to wait does not make up for it.
        due = max(due + pace, time.monotonic())
    visitor.leave()


async def _fate(visitor: Visitor, path: str, tally: Tally) -> str:
    """What happened to one request; nothing if all is well."""
    try:
        async with asyncio.timeout(SECONDS):
            status, body = await visitor.ask(path)
    except TimeoutError:
        return "no answer in time"
    except ConnectionRefusedError:
        return "refused"
    except (OSError, EOFError, ValueError):
        return "closed without an answer"
    if status != 200:
        return str(status)
    if path == ROUTE:
        tally.releases.setdefault(json.loads(body)["release"], time.monotonic())
    return ""


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


async def _main(port: int) -> Tally:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    return await visit(port, stop)


if __name__ == "__main__":
    print(json.dumps(vars(asyncio.run(_main(int(sys.argv[1]))))))
