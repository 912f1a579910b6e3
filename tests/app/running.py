"""A real server process, and a client that sends bytes as they are."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from kaira_fastapi_poetry.settings import Settings

ROOT = Path(__file__).parents[2]
KAIRA = str(Path(sys.executable).with_name("kaira"))
START_SECONDS = 30.0


def environment(**variables: str) -> dict[str, str]:
    """The environment of this process without what the application reads, and `variables`."""
    ours = {name.upper() for name in Settings.model_fields}
    ours |= {"GUNICORN_CMD_ARGS", "PROMETHEUS_MULTIPROC_DIR", "SOURCE_DATE_EPOCH"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables}


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Ask until it is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.02)


def write(folder: Path, files: Mapping[str, bytes | str], modified: int | None = None) -> Path:
    """Write files below a folder; `modified` is their time, in seconds since the epoch."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if modified is not None:
            os.utime(path, (modified, modified))
    return folder


def kaira(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the `kaira` command in a folder until it ends."""
    return subprocess.run(
        [KAIRA, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Answer:
    """What came back for one request; header names are in lower case, repeated ones joined."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


class Client:
    """One connection that is kept, and nothing in a request that a test did not put there."""

    def __init__(self, base: str, timeout: float = 10) -> None:
        parts = urlsplit(base)
        self.host = parts.netloc
        address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.socket = socket.create_connection(address, timeout=timeout)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self.socket.close()

    def send(
        self,
        method: str,
        target: str | bytes,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Send a request; the target's bytes go out as they are (a string as UTF-8)."""
        given = dict(headers or {})
        if "host" not in {name.lower() for name in given}:
            given = {"Host": self.host, **given}
        if body:
            given["Content-Length"] = str(len(body))
        raw = target.encode() if isinstance(target, str) else target
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        head = method.encode() + b" " + raw + b" HTTP/1.1\r\n" + lines.encode("latin-1") + b"\r\n"
        self.socket.sendall(head + body)

    def receive(self, method: str = "GET") -> Answer:
        """Read one response."""
        return read_answer(self._file, method)

    def ask(
        self,
        target: str | bytes,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """A request and its response."""
        self.send(method, target, headers, body)
        return self.receive(method)

    def at_end(self) -> bool:
        """Whether the server has closed the connection, with no byte left to read."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True


class _Stream:
    """What http.client reads a response from."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def makefile(self, *_: object) -> Any:
        return _Unclosed(self._file)


class _Unclosed:
    """http.client closes its file after a response; the connection goes on here."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None: ...


def read_answer(file: Any, method: str = "GET") -> Answer:
    """Read one response from a stream; raises http.client.HTTPException if it is none."""
    response = http.client.HTTPResponse(_Stream(file), method=method)  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Answer(response.status, headers, body)


def exchange(base: str, request: bytes, seconds: float = 10) -> bytes:
    """Send bytes; what comes back until the server closes or `seconds` are over."""
    parts = urlsplit(base)
    answer = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
    return answer


class Server:
    """A server in a process of its own.

    folder: its working directory, where its log is written too.
    command: by default `kaira serve`; "{port}" stands for its port.
    """

    def __init__(
        self, folder: Path, command: list[str] | None = None, port: int = 0, **variables: str
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        self.errors = folder / f"server-{self.port}.err"
        variables = {
            "ENVIRONMENT": "test",
            "LOG_FORMAT": "json",
            "WEB_CONCURRENCY": "1",
            "PORT": str(self.port),
            **variables,
        }
        command = [each.format(port=self.port) for each in command or [KAIRA, "serve"]]
        with self.log.open("ab") as log, self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(**variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                start_new_session=True,
            )
        self.ready_seconds = 0.0

    def wait(self, seconds: float = START_SECONDS) -> Server:
        """Wait until it answers."""
        began = time.monotonic()
        while True:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.tail}"
            try:
                if self.ask("/health").status == 200:
                    self.ready_seconds = time.monotonic() - began
                    return self
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() - began < seconds, f"no answer in {seconds} s: {self.tail}"
            time.sleep(0.02)

    def client(self, timeout: float = 10) -> Client:
        """A connection to it."""
        return Client(self.base, timeout)

    def ask(
        self,
        target: str | bytes,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.ask(target, method, {**(headers or {}), "Connection": "close"}, body)

    def exchange(self, request: bytes, seconds: float = 10) -> bytes:
        """Bytes there, bytes back; see `exchange`."""
        return exchange(self.base, request, seconds)

    def workers(self) -> list[psutil.Process]:
        """gunicorn's workers that live, the oldest first."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            try:
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
            except psutil.NoSuchProcess:
                pass
        return sorted(found, key=lambda child: child.pid)

    def metrics(self) -> dict[str, float]:
        """The value of each series, by its name and labels as they are written."""
        lines = self.ask("/metrics").body.decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def total(self, metric: str, **labels: str) -> float:
        """The sum of the series of a metric that have these labels."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        return sum(
            value
            for series, value in self.metrics().items()
            if re.split(r"[{ ]", series)[0] == metric and all(each in series for each in wanted)
        )

    @property
    def tail(self) -> str:
        """The end of all that it wrote."""
        return (self.log.read_text(errors="replace") + self.errors.read_text())[-4000:]

    def entries(self) -> list[dict[str, Any]]:
        """The log, a line an entry; fails if a line is not a JSON object."""
        entries = []
        text = self.log.read_text()
        whole = text[: text.rfind("\n") + 1]  # one may just be in writing
        for line in whole.split("\n")[:-1]:  # a line ends there, and nowhere else
            entry = json.loads(line)
            assert isinstance(entry, dict), line
            entries.append(entry)
        return entries

    def wait_for_entry(self, seconds: float = 5, **fields: object) -> dict[str, Any]:
        """The newest line with these fields, which must come within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            for entry in reversed(self.entries()):
                if all(entry.get(name) == value for name, value in fields.items()):
                    return entry
            assert time.monotonic() < end, f"no line with {fields}: {self.tail}"
            time.sleep(0.02)

    def metrics_folders(self) -> set[Path]:
        """Where its workers keep their values."""
        found = set()
        for worker in self.workers():
            for mapped in worker.memory_maps():
                if "/kaira-metrics-" in mapped.path:
                    found.add(Path(mapped.path).parent)
        return found

    def stop(self) -> int:
        """End it at once, and leave nothing behind; returns the exit code."""
        if self.process.poll() is None:
            folders = self.metrics_folders()
            self.kill()
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        else:
            self.kill()  # what it may have left running
        return self.process.returncode

    def terminate(self, seconds: float = 20) -> int:
        """End it as an operator does, by SIGTERM, and wait; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it and all that it started, without a word."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)


@contextmanager
def serving(
    folder: Path, command: list[str] | None = None, ready: float = START_SECONDS, **variables: str
) -> Iterator[Server]:
    """A server while the context lasts."""
    server = Server(folder, command, **variables)
    try:
        yield server.wait(ready)
    finally:
        server.stop()
