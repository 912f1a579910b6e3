"""Log lines: one JSON object each, with nothing in them that is nobody's business, and never in the way."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.running import KAIRA, Server, environment, free_port, wait_until, write
from tests.conftest import require
from tests.http_table import UVICORN

SITE = {"site/index.html": "home", "site/.env": "x"}


@pytest.mark.parametrize("command", [None, UVICORN], ids=["kaira serve", "uvicorn"])
def test_every_line_is_one_object_with_time_level_and_event(
    start: Callable[..., Server], tmp_path: Path, command: list[str] | None
) -> None:
    write(tmp_path, SITE)
    server = start(command, SITE_DIR="site", LOG_LEVEL="debug")
    for path in ("/", "/api/info", "/nothing", "/.env", "/health"):
        server.ask(
            path, headers={"X-Request-ID": "line-of-" + path.strip("/.").replace("/", "-") + "-x"}
        )
    server.exchange(b"rubbish\r\n\r\n", 1)
    server.wait_for_entry(event="request", path="/api/info")
    assert server.terminate() in (0, -15)
    if command is None:
        text = server.log.read_text()
        entries = [json.loads(line) for line in text.rstrip("\n").split("\n")]
        events = " ".join(str(entry["event"]) for entry in entries)
        assert "gunicorn" in events and "Started server process" in events
    else:
        # What uvicorn writes before it knows of us goes its own way.
        entries = server.entries()
    for entry in entries:
        assert list(entry)[:3] == ["timestamp", "level", "event"], entry
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", entry["timestamp"])
        assert entry["level"] in ("debug", "info", "warning", "error", "critical")
        assert entry["event"]


def test_a_request_s_lines_have_its_id(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site")
    made = server.ask("/api/info").headers["x-request-id"]
    entry = server.wait_for_entry(event="request", request_id=made)
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/api/info", 200)
    assert 0 < entry["duration_seconds"] < 5
    server.ask("/.env", headers={"X-Request-ID": "given-by-the-edge"})
    assert server.wait_for_entry(event="path refused", request_id="given-by-the-edge")


def test_files_and_health_have_no_line_unless_they_are_asked_for(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, SITE)
    for wanted in ("false", "true"):
        server = start(SITE_DIR="site", ACCESS_LOG=wanted)
        for path in ("/", "/health", "/metrics", "/api/info"):
            server.ask(path)
        server.wait_for_entry(path="/api/info")
        paths = {entry.get("path") for entry in server.entries()}
        assert "/health" not in paths and "/metrics" not in paths
        assert ("/" in paths) is (wanted == "true")
    entry = server.wait_for_entry(event="request", path="/")
    assert (entry["status"], entry["method"], entry["bytes"]) == (200, "GET", 4)


def test_no_value_of_a_query_and_no_header_is_in_the_log(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", ACCESS_LOG="true", LOG_LEVEL="debug")
    for path in ("/", "/api/info", "/nothing", "/.env", "/../x", "/api/nothing", "/health"):
        for method in ("GET", "POST", "PROPFIND"):
            server.ask(f"{path}?token=hush-hush", method,
                       {"Cookie": "hush-hush", "Authorization": "hush-hush",
                        "Referer": "http://x/?hush-hush"})  # fmt: skip
    server.ask("/api/info", headers={"X-Request-ID": "the-last-one"})
    server.wait_for_entry(request_id="the-last-one")
    assert "hush" not in server.tail + server.log.read_text()


def test_what_a_client_sends_makes_no_line_of_its_own(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", ACCESS_LOG="true")
    for target in ('/%0a{"event":"forged"}', "/%1b[2J", "/%E2%80%A8x", '/"}{"a":"', "/%ff%fe"):
        server.ask(target)
    server.ask("/api/info", headers={"X-Request-ID": "the-last-one"})
    server.wait_for_entry(request_id="the-last-one")
    assert not [entry for entry in server.entries() if entry["event"] == "forged"]
    assert "\x1b" not in server.log.read_text()


def test_console_lines_are_for_people(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path, SITE)
    server = start(SITE_DIR="site", LOG_FORMAT="console")
    server.ask("/api/info")
    wait_until(lambda: "/api/info" in server.log.read_text(), "its line")
    line = next(line for line in server.log.read_text().splitlines() if "/api/info" in line)
    assert "request" in line and "path=/api/info" in line and "\x1b" not in line


@pytest.fixture
def stalled(tmp_path: Path) -> Iterator[tuple[Server, int]]:
    """A server whose stdout is a small pipe that nobody reads, and the end to read."""
    write(tmp_path, SITE)
    read, written = os.pipe()
    fcntl.fcntl(written, fcntl.F_SETPIPE_SZ, 4096)
    server = Server.__new__(Server)
    server.folder, server.port = tmp_path, free_port()
    server.base = f"http://127.0.0.1:{server.port}"
    server.log, server.errors = tmp_path / "log", tmp_path / "err"
    server.log.touch()
    with server.errors.open("wb") as errors:
        server.process = subprocess.Popen(
            [KAIRA, "serve"], cwd=tmp_path, stdout=written, stderr=errors, start_new_session=True,
            env=environment(SITE_DIR="site", PORT=str(server.port), LOG_FORMAT="json",
                            WEB_CONCURRENCY="1", ACCESS_LOG="true"),
        )  # fmt: skip
    os.close(written)
    yield server.wait(), read
    server.stop()
    os.close(read)


def test_a_reader_that_stalls_holds_up_no_request_and_lost_lines_are_counted(
    stalled: tuple[Server, int],
) -> None:
    server, read = stalled
    slowest = 0.0
    with server.client() as client:
        for _ in range(12_000):
            began = time.monotonic()
            assert client.ask("/").status == 200
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2
    lost = server.total("kaira_log_lines_dropped_total")
    assert lost > 500
    # As soon as it is read again, lines come, each of them whole.
    os.set_blocking(read, False)
    text = b""
    end = time.monotonic() + 20
    while time.monotonic() < end and text.count(b"\n") < 9_000:
        try:
            text += os.read(read, 1 << 20)
        except BlockingIOError:
            time.sleep(0.001)
    lines = text.splitlines()[:-1]
    assert len(lines) > 5_000
    for line in lines:
        assert json.loads(line)["event"]


def test_it_ends_in_time_although_nobody_reads_its_log(stalled: tuple[Server, int]) -> None:
    server, _ = stalled
    with server.client() as client:
        for _ in range(500):
            client.ask("/")
    began = time.monotonic()
    assert server.terminate(25) == 0
    assert time.monotonic() - began < 10


def test_a_full_disk_under_the_log_holds_up_no_request(tmp_path: Path) -> None:
    require(os.geteuid() == 0, "needs root: mounts a small file system")
    write(tmp_path, SITE)
    port = free_port()
    script = (
        "mkdir full && mount -t tmpfs -o size=64k tmpfs full && "
        f"exec '{KAIRA}' serve > full/log 2> errors"
    )
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script], cwd=tmp_path, start_new_session=True,
        env=environment(SITE_DIR="site", PORT=str(port), LOG_FORMAT="json", WEB_CONCURRENCY="1",
                        ACCESS_LOG="true"),
    )  # fmt: skip
    server = Server.__new__(Server)
    server.folder, server.port, server.process = tmp_path, port, process
    server.base = f"http://127.0.0.1:{port}"
    server.log, server.errors = tmp_path / "nolog", tmp_path / "errors"
    server.log.touch()
    server.errors.touch()
    try:
        server.wait()
        with server.client() as client:
            for _ in range(3_000):
                assert client.ask("/").status == 200
        wait_until(lambda: server.total("kaira_log_lines_dropped_total") > 0, "losses are counted")
        assert "Traceback" not in server.errors.read_text()
    finally:
        server.stop()
