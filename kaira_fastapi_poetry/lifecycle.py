"""Where this process stands between its start and its end.

SIGTERM begins the end: from then on `/health` answers 503, so that whatever routes requests
here can turn away, and every response closes its connection, so that keep-alive clients
leave after an answer and not in the middle of a request. Only then does the server stop
listening and wait for the requests in flight.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

# How long new requests are still served after SIGTERM. A health check every second or two
# sees it, and it fits twice into the 10 s that Docker grants by default.
LEAVE_SECONDS = 3.0


class Lifecycle:
    """Start time and draining flag of one process."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.draining = False
        self.leave_seconds = LEAVE_SECONDS

    @property
    def uptime(self) -> float:
        """Seconds since the process was made."""
        return time.monotonic() - self.started

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """While the context lasts, SIGTERM means: drain first, then let the server stop.

        The server's own handler (uvicorn's, also under gunicorn) is in place by the time
        the application starts; it is called when the time to leave is over.
        """
        loop = asyncio.get_running_loop()
        try:
            server = signal.getsignal(signal.SIGTERM)

            def drain(number: int, frame: FrameType | None) -> None:
                if not self.draining and callable(server):
                    self.draining = True
                    loop.call_soon_threadsafe(
                        loop.call_later, self.leave_seconds, server, number, frame
                    )

            if callable(server):
                signal.signal(signal.SIGTERM, drain)
        except ValueError:  # not the main thread (a test's server): nobody sends signals here
            pass
        yield


lifecycle = Lifecycle()
