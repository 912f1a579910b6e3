"""gunicorn: its limits, and what happens when a worker begins or ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker
from starlette.types import ASGIApp
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from kaira_fastapi_poetry.lifecycle import LEAVE_SECONDS
from kaira_fastapi_poetry.protocol import GuardedProtocol
from kaira_fastapi_poetry.settings import Settings
from kaira_fastapi_poetry.telemetry import logs, metrics
from kaira_fastapi_poetry.telemetry.workers import SharedMetrics, scratch_dir

KEEP_ALIVE_SECONDS = 75  # longer than nginx keeps its connections to us (60 s): it closes first
WORKER_TIMEOUT_SECONDS = 30  # a worker that has not moved for so long is replaced
DRAIN_SECONDS = 30  # from SIGTERM until the workers are killed; compose must wait longer
BACKLOG = 2048


class Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn states no types
    """gunicorn with the settings of this application; `GUNICORN_CMD_ARGS` stands above them.

    workers: how many; shared: where their metrics are, or None if each has its own;
    load: makes the application, once, in the master, for all workers to share.
    """

    def __init__(
        self,
        settings: Settings,
        workers: int,
        shared: SharedMetrics | None,
        load: Callable[[], ASGIApp],
    ) -> None:
        self._shared = shared
        self.load = load
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self._options: dict[str, Any] = {
            "bind": f"{host}:{settings.port}",
            "workers": workers,
            "worker_class": KairaWorker,
            "logger_class": LineLogger,
            "loglevel": settings.log_level,
            "preload_app": True,
            "keepalive": KEEP_ALIVE_SECONDS,
            "timeout": WORKER_TIMEOUT_SECONDS,
            "graceful_timeout": DRAIN_SECONDS,
            "backlog": BACKLOG,
            "worker_tmp_dir": scratch_dir(),
            "control_socket_disable": True,
            "when_ready": _when_ready,
            "pre_fork": self._pre_fork,
            "post_fork": self._post_fork,
            "child_exit": _child_exit,
        }
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)
        given = self.cfg.parser().parse_args(shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")))
        for name, value in vars(given).items():
            if value is not None and name != "args":
                self.cfg.set(name, value)

    def _pre_fork(self, server: Arbiter, worker: Worker) -> None:
        if self._shared is not None:
            taken = {living.slot for living in server.WORKERS.values()}
            worker.slot = self._shared.free_slot(taken)

    def _post_fork(self, _: Arbiter, worker: Worker) -> None:
        if self._shared is not None:
            self._shared.take(worker.slot)


class KairaWorker(UvicornWorker):  # type: ignore[misc]
    """uvicorn's worker with our limits on the wire."""

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012  # the name is uvicorn_worker's
        "http": GuardedProtocol,
        "ws": "none",
        "interface": "asgi3",
        "lifespan": "on",
        "proxy_headers": False,  # the application sees to it itself, on any server
        "server_header": False,
    }

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        # What is still running when this is over is cancelled, and then gunicorn kills.
        left = self.cfg.graceful_timeout - LEAVE_SECONDS - 2
        self.config.timeout_graceful_shutdown = max(1, int(left))
        server = LastCallServer(self.config)
        # gunicorn's master says SIGQUIT where it was told SIGINT: no time to leave, stop now.
        stop = partial(setattr, server, "should_exit", True)
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, stop)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class LastCallServer(Server):
    """uvicorn's server, which at its end takes in those who have knocked already.

    A connection that the kernel has accepted and nobody else has is reset when the listening
    socket closes, with the request in it.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn when it is to stop."""
        doors = [sock.dup() for sock in sockets or []]
        for server in self.servers:
            server.close()
        await asyncio.sleep(0)  # the loop closes its own handle when it comes round
        for sock in sockets or []:
            sock.close()
        waiting = [visitor for door in doors for visitor in _empty(door)]
        loop = asyncio.get_running_loop()
        for visitor in waiting:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, visitor)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return GuardedProtocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


class LineLogger(Logger):  # type: ignore[misc]
    """gunicorn's lines, in the format and by the way of all other lines."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn."""
        self.cfg = cfg
        self.error_log.handlers = [logs.handler()]
        self.error_log.setLevel(self.LOG_LEVELS[cfg.loglevel])
        self.access_log.handlers = []
        self._access_log_enabled = False


# Private


def _empty(door: socket.socket) -> list[socket.socket]:
    """Take what waits at a listening socket and close it, with nothing in between."""
    visitors = []
    door.setblocking(False)
    with door, contextlib.suppress(OSError):
        while True:
            visitors.append(door.accept()[0])
    return visitors


def _when_ready(_: Arbiter) -> None:
    # What is here now is for ever: workers need not look at it, nor copy its pages. Not
    # collected before: a few hundred objects would go, for a tenth of the start.
    gc.freeze()
    gc.enable()  # `cli.main` has switched it off


def _child_exit(_: Arbiter, __: Worker) -> None:
    metrics.worker_restarts.inc()
