"""A server of a site in a process of its own.

A stand-in: it has what the tests beside it call, not the text of the file that was here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.app import running
from tests.app.running import wait_until

__all__ = ["Server", "serving", "wait_until"]


class Server:
    """`kaira serve`, running."""

    def __init__(self, running_server: running.Server) -> None:
        self._server = running_server
        self.port = running_server.port
        self.url = running_server.base
        self.process = running_server.process

    def client(self, **headers: str) -> httpx.Client:
        """A client that says nothing of itself that a test does not say."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(
            base_url=self.url, headers={"accept-encoding": "", **headers}, timeout=10
        )

    def get(self, path: str, **headers: str) -> httpx.Response:
        """One request on a connection of its own."""
        with self.client(**headers) as client:
            return client.get(path)

    def raw(self, request: bytes, seconds: float = 5) -> bytes:
        """Send bytes as they are; what comes back until the end or `seconds` are over."""
        return self._server.exchange(request, seconds)

    def lines(self) -> list[dict[str, Any]]:
        """The log, a line an entry."""
        return self._server.entries()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.pid for worker in self._server.workers()]


@contextmanager
def serving(site: Path, log: Path, **variables: str) -> Iterator[Server]:
    """A server of a site while the context lasts; its working directory is beside the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with running.serving(log.parent, SITE_DIR=str(site), **variables) as server:
        yield Server(server)
