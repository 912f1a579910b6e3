"""Log lines: one format for the application, uvicorn and gunicorn, and none ever waits.

A line goes into a bounded queue, and a thread writes the queue to stdout. When whoever
reads stdout stalls, the queue fills up and further lines are dropped and counted: a request
is never held up by a log reader.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import select
import threading
from contextvars import ContextVar
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from kaira_fastapi_poetry.settings import Settings
from kaira_fastapi_poetry.telemetry import metrics

QUEUE_LINES = 10_000
FLUSH_SECONDS = 1.0

# The request that is being answered, for the lines that are logged meanwhile.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_ACCESS_LOGS = ("uvicorn.access", "gunicorn.access")


def configure(settings: Settings) -> None:
    """Send every line of this process, structlog's and logging's, to stdout in one format."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    if settings.json_logs:
        shared.append(structlog.processors.format_exc_info)
        render: list[Processor] = [_order, structlog.processors.JSONRenderer(_dumps)]
    else:
        render = [structlog.dev.ConsoleRenderer(colors=os.isatty(1), pad_event_to=32)]
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_LineLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
    _handler.setFormatter(formatter)
    _handler.setLevel(level)
    logging.root.handlers = [_handler]
    logging.root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "gunicorn.error"):
        logging.getLogger(name).handlers = [_handler]
        logging.getLogger(name).propagate = False
    for name in _ACCESS_LOGS:  # the access log is the edge's; without handlers it costs nothing
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = False


def handler() -> logging.Handler:
    """The handler for loggers that do not pass their lines on to the root (gunicorn's)."""
    return _handler


def flush() -> None:
    """Write what is queued, as far as that takes no longer than `FLUSH_SECONDS`."""
    _writer.flush()


class LineWriter:
    """Writes lines to a file descriptor from a thread of its own.

    fd: where to.
    limit: how many lines may wait; what comes on top is dropped and counted.
    """

    def __init__(self, fd: int, limit: int = QUEUE_LINES) -> None:
        self._fd = fd
        self._limit = limit
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        # A forked child has no thread, and what waited is its parent's to write.
        os.register_at_fork(after_in_child=self._start_over)
        atexit.register(self.flush)

    def write(self, line: bytes) -> None:
        """Queue one line, without its newline; returns at once."""
        if self._lines.qsize() >= self._limit:
            metrics.log_lines_dropped.inc()
            return
        self._lines.put(line + b"\n")
        if self._thread is None:
            self._start()

    def flush(self, timeout: float = FLUSH_SECONDS) -> None:
        """Wait until what was queued is written, at most `timeout` seconds."""
        if self._thread is not None:
            self._lines.put(None)
            self._thread.join(timeout)
            self._thread = None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def _start_over(self) -> None:
        self._lines = queue.SimpleQueue()
        self._thread = None
        self._lock = threading.Lock()

    def _run(self) -> None:
        lines = self._lines
        while (line := lines.get()) is not None:
            try:
                self._write_all(line)
            except OSError:  # the disk is full or the reader has gone: the line is lost
                metrics.log_lines_dropped.inc()

    def _write_all(self, line: bytes) -> None:
        # One line at a time: up to PIPE_BUF bytes a pipe keeps lines of several workers whole.
        while line:
            try:
                line = line[os.write(self._fd, line) :]
            except BlockingIOError:
                select.select([], [self._fd], [])


# Private

_writer = LineWriter(1)


class _LineLogger:
    """What structlog hands a rendered line to."""

    def __init__(self, *_: Any) -> None: ...

    def msg(self, line: str) -> None:
        _writer.write(line.encode(errors="backslashreplace"))

    log = debug = info = warning = warn = error = critical = exception = fatal = failure = msg


class _LineHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # a line that cannot be formatted must not fail its request
            self.handleError(record)
            return
        _LineLogger().msg(line)


_handler = _LineHandler()


def _add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (identifier := request_id.get()) is not None:
        event.setdefault("request_id", identifier)
    return event


def _order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The fields that every line has come first."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}


def _dumps(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
