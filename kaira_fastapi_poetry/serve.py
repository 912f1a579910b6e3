"""gunicorn: how many workers, their limits, and what happens when one begins or ends."""

from __future__ import annotations

import gc
import os
import shlex
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker
from uvicorn_worker import UvicornWorker

from kaira_fastapi_poetry.capacity import worker_count
from kaira_fastapi_poetry.lifecycle import LEAVE_SECONDS
from kaira_fastapi_poetry.settings import Settings
from kaira_fastapi_poetry.telemetry.workers import SharedMetrics

if TYPE_CHECKING:
    from kaira_fastapi_poetry.site.bundle import Bundle

KEEP_ALIVE_SECONDS = 75  # longer than nginx keeps its connections to us (60 s): it closes first
WORKER_TIMEOUT_SECONDS = 30  # a worker that has not moved for so long is replaced
DRAIN_SECONDS = 30  # from SIGTERM until the workers are killed; compose must wait longer
BACKLOG = 2048


def run(settings: Settings, open_site: Callable[[], Bundle]) -> None:
    """Serve until a signal ends it.

    open_site: gives the site, once, in the master, for all workers to share.
    """
    workers = settings.web_concurrency or worker_count()
    scratch = scratch_dir()
    metrics: SharedMetrics | None = None
    shortage = ""
    try:  # twice as many slots as workers: a reload has both generations at once
        metrics = SharedMetrics(scratch, slots=2 * workers)
    except OSError as error:
        shortage = str(error)

    from kaira_fastapi_poetry.telemetry import logs  # metrics must be arranged first

    logs.configure(settings)
    if shortage:
        structlog.get_logger().warning("metrics are each worker's own", reason=shortage)
    try:
        Gunicorn(settings, open_site, workers, scratch, metrics).run()
    finally:
        if metrics is not None and os.getpid() == metrics.owner:
            metrics.remove()


def scratch_dir() -> str:
    """A folder in memory for heartbeats and metrics: /dev/shm also under a read-only root."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


class Gunicorn(BaseApplication):
    """gunicorn with the settings of this application; `GUNICORN_CMD_ARGS` stands above them."""

    def __init__(
        self,
        settings: Settings,
        open_site: Callable[[], Bundle],
        workers: int,
        scratch: str,
        metrics: SharedMetrics | None,
    ) -> None:
        self._settings = settings
        self._open_site = open_site
        self._metrics = metrics
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        self._options: dict[str, Any] = {
            "bind": f"{host}:{settings.port}",
            "workers": workers,
            "worker_class": KairaWorker,
            "logger_class": LineLogger,
            "loglevel": settings.log_level,
            "preload_app": True,  # the site is read once and shared by all workers
            "keepalive": KEEP_ALIVE_SECONDS,
            "timeout": WORKER_TIMEOUT_SECONDS,
            "graceful_timeout": DRAIN_SECONDS,
            "backlog": BACKLOG,
            "worker_tmp_dir": scratch,
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

    def load(self) -> Any:
        """Called by gunicorn, once, in the master."""
        from kaira_fastapi_poetry.app import create_app

        site = self._open_site()
        return create_app(self._settings, lambda: site)

    def _pre_fork(self, server: Arbiter, worker: Worker) -> None:
        if self._metrics is not None:
            taken = {living.slot for living in server.WORKERS.values()}
            worker.slot = self._metrics.free_slot(taken)

    def _post_fork(self, _: Arbiter, worker: Worker) -> None:
        if self._metrics is not None:
            self._metrics.slot = worker.slot


class KairaWorker(UvicornWorker):
    """uvicorn's worker with our limits on the wire."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from kaira_fastapi_poetry.protocol import GuardedProtocol

        self.CONFIG_KWARGS = {
            "http": GuardedProtocol,
            "ws": "none",
            "interface": "asgi3",
            "lifespan": "on",
            "proxy_headers": False,  # the application sees to it itself, on any server
            "server_header": False,
            # What is still running when this is over is cancelled, and then gunicorn kills.
            "timeout_graceful_shutdown": int(DRAIN_SECONDS - LEAVE_SECONDS - 2),
        }
        super().__init__(*args, **kwargs)


class LineLogger(Logger):
    """gunicorn's lines, in the format and by the way of all other lines."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn."""
        from kaira_fastapi_poetry.telemetry import logs

        self.cfg = cfg
        self.error_log.handlers = [logs.handler()]
        self.error_log.setLevel(self.LOG_LEVELS[cfg.loglevel])
        self.access_log.handlers = []
        self._access_log_enabled = False


# Private


def _when_ready(_: Arbiter) -> None:
    gc.collect()
    gc.freeze()  # what is here now is for ever: workers need not look at it, nor copy its pages


def _child_exit(_: Arbiter, __: Worker) -> None:
    from kaira_fastapi_poetry.telemetry import metrics

    metrics.worker_restarts.inc()
