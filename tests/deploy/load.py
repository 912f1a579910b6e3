"""Visitors who never try twice: `python -m tests.deploy.load PORT HOST SECONDS`.

Three kinds at once, on HTTP/1.1: keep-alive clients that ask for one page after another, slow
downloads of a large file, and slow uploads. Each answer is read to its end. What went wrong is
counted and told; a line of JSON at the end, or when SIGTERM comes.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

BROWSER = "gzip, deflate, br, zstd"
LARGE = "/large.bin"  # a file of some megabytes, in the site of the tests
CHUNK = 16 * 1024

# What is asked for, and what the answer must be.
PAGES = {"/": 200, "/about/": 200, "/api/info": 200, "/style.css": 200, "/nothing": 404}


@dataclass
class Tally:
    """What came of all requests."""

    answers: Counter[int] = field(default_factory=Counter)
    releases: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    downloads: int = 0
    uploads: int = 0
    slowest: float = 0.0

    def fail(self, what: str) -> None:
        """Note what went wrong, and when."""
        self.wrong.append(f"{time.time():.2f} {what}")


class Client:
    """One connection, kept alive as long as the server lets it."""

    def __init__(self, port: int, host: str) -> None:
        self._port, self._host = port, host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, path: str, method: str = "GET", body: bytes = b"", pace: float = 0.0
    ) -> tuple[int, bytes]:
        """Status and body of one request, on a new connection only if the last one was ended
        by an answer that said so. `pace`: seconds between two parts of what is sent or read.

        Raises OSError or EOFError if no whole answer comes.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept-Encoding: {BROWSER}\r\n"
        if body:
            head += f"Content-Length: {len(body)}\r\n"
        writer.write(f"{head}\r\n".encode())
        for start in range(0, len(body), 1024):
            writer.write(body[start : start + 1024])
            await writer.drain()
            await asyncio.sleep(pace)
        status, headers = await self._head(reader)
        answer = await self._body(reader, headers, pace if not body else 0)
        if headers.get("connection") == "close":
            writer.close()
            self._streams = None
        return status, answer

    def close(self) -> None:
        """Leave."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _head(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.lower() for name, _, value in pairs}

    async def _body(
        self, reader: asyncio.StreamReader, headers: dict[str, str], pace: float
    ) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
            return body
        left = int(headers.get("content-length", "0"))
        parts = []
        while left:
            parts.append(await reader.readexactly(min(left, CHUNK)))
            left -= len(parts[-1])
            if pace:
                await asyncio.sleep(pace)
        return b"".join(parts)


async def browse(client: Client, tally: Tally, rate: float) -> None:
    """Page after page, `rate` a second."""
    while True:
        path = random.choice(list(PAGES))
        began = time.monotonic()
        try:
            status, body = await client.ask(path)
        except (OSError, EOFError, ValueError) as error:
            tally.fail(f"{path}: {error!r}")
            client.close()
            continue
        took = time.monotonic() - began
        tally.answers[status] += 1
        tally.slowest = max(tally.slowest, took)
        if status != PAGES[path]:
            tally.fail(f"{path}: {status}")
        elif path == "/api/info":
            tally.releases[json.loads(body)["release"]] += 1
        await asyncio.sleep(max(0.0, 1 / rate - took))


async def download(client: Client, tally: Tally, seconds: float) -> None:
    """The large file, in about so many seconds, again and again."""
    while True:
        size = 0
        try:
            status, body = await client.ask(LARGE, pace=seconds / 320)
            size = len(body)
            tally.answers[status] += 1
            if status != 200:
                tally.fail(f"{LARGE}: {status}")
            tally.downloads += 1
        except (OSError, EOFError, ValueError) as error:
            tally.fail(f"{LARGE} after {size} bytes: {error!r}")
            client.close()


async def upload(client: Client, tally: Tally, seconds: float) -> None:
    """A body that takes so long to send. The route does not take it, and says so at the end."""
    while True:
        try:
            status, _ = await client.ask("/api/info", "POST", b"x" * 20_000, pace=seconds / 20)
            tally.answers[status] += 1
            if status != 405:
                tally.fail(f"upload: {status}")
            tally.uploads += 1
        except (OSError, EOFError, ValueError) as error:
            tally.fail(f"upload: {error!r}")
            client.close()


async def run(port: int, host: str, seconds: float) -> Tally:
    """All kinds of visitors, until the time is over or SIGTERM."""
    tally = Tally()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clients = [Client(port, host) for _ in range(16 + 4 + 4)]
    visits = [browse(client, tally, 40) for client in clients[:16]]
    visits += [download(client, tally, 8) for client in clients[16:20]]
    visits += [upload(client, tally, 8) for client in clients[20:]]
    tasks = [asyncio.create_task(visit) for visit in visits]
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        pass
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return tally


if __name__ == "__main__":
    done = asyncio.run(run(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
    print(
        json.dumps(
            {
                "requests": sum(done.answers.values()),
                "answers": {str(status): count for status, count in done.answers.items()},
                "releases": done.releases,
                "wrong": done.wrong,
                "downloads": done.downloads,
                "uploads": done.uploads,
                "slowest_seconds": round(done.slowest, 3),
            }
        )
    )
