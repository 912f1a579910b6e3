"""SIGTERM: nothing that was asked is lost."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.running import Client, Server, write

LARGE = bytes(range(256)) * 4096 * 48  # 48 MiB


def test_health_says_draining_at_once_and_a_slow_download_ends_whole(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "home", "large.bin": LARGE})
    server = start(SITE_DIR="site")
    with server.client(20) as slow, server.client() as health:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.send("GET", "/large.bin")
        time.sleep(0.2)
        assert health.ask("/health").status == 200
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.25)
        answer = health.ask("/health")
        assert answer.status == 503 and answer.json()["status"] == "draining"
        assert answer.headers["connection"] == "close"
        page = server.ask("/")  # who comes now is served, and asked to leave
        assert (page.status, page.headers["connection"]) == (200, "close")
        time.sleep(4)  # longer than the time in which others may still come
        with pytest.raises(OSError):
            server.client().ask("/")
        assert slow.receive().body == LARGE
    assert server.process.wait(10) == 0
    assert not any(entry["level"] in ("error", "critical") for entry in server.entries())


def test_the_time_for_the_last_request_is_for_the_operator_to_say(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "home", "large.bin": LARGE})
    server = start(SITE_DIR="site", GUNICORN_CMD_ARGS="--graceful-timeout=60")
    with server.client(20) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.send("GET", "/large.bin")
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(32)  # longer than it has if nothing is said
        assert slow.receive().body == LARGE
    assert server.process.wait(10) == 0


def test_an_upload_is_taken_in_before_its_connection_is_closed(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "home"})
    server = start(SITE_DIR="site")
    with server.client() as client:
        client.ask("/api/info")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.25)
        head = b"POST /api/info HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
        client.socket.sendall(head)
        time.sleep(0.5)  # the route's answer, 405, does not depend on the body
        client.socket.sendall(b"x" * 200_000)
        time.sleep(0.2)
        client.socket.sendall(b"x" * 200_000)
        assert client.receive().status == 405
    assert server.process.wait(10) == 0


@pytest.mark.parametrize("path", ["/", "/api/info", "/large.bin"])
def test_sixteen_kept_connections_lose_nothing(
    start: Callable[..., Server], tmp_path: Path, path: str
) -> None:
    files = {"index.html": b"home" * 1000, "large.bin": bytes(600_000)}
    write(tmp_path / "site", files)
    server = start(SITE_DIR="site", WEB_CONCURRENCY="2")
    size = len(server.ask(path).body)
    lost: list[str] = []
    answered = [0] * 16
    over = threading.Event()

    def visit(number: int) -> None:
        client: Client | None = None
        while not over.is_set():
            if client is None:
                try:
                    client = server.client(15)
                except ConnectionRefusedError:  # nobody listens any more
                    return
            try:
                answer = client.ask(path)
                if answer.status != 200 or len(answer.body) != size:
                    lost.append(f"{answer.status}, {len(answer.body)} bytes")
                answered[number] += 1
            except Exception as error:  # no answer, and nothing is asked a second time
                lost.append(repr(error))
                return
            if answer.headers.get("connection") == "close":
                client.close()
                client = None

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(16)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1)
    served = sum(answered)
    code = server.terminate(30)
    over.set()
    for visitor in visitors:
        visitor.join(20)
    assert not lost, lost[:5]
    assert code == 0
    assert served > 100 and sum(answered) > served


def test_idle_connections_do_not_keep_it_from_ending(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "home"})
    server = start(SITE_DIR="site")
    with server.client() as idle, server.client() as used:
        used.ask("/")
        began = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - began < 8
        assert idle.at_end() and used.at_end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_other_signals_end_it_quickly(
    start: Callable[..., Server], tmp_path: Path, number: signal.Signals
) -> None:
    write(tmp_path / "site", {"index.html": "home"})
    server = start(SITE_DIR="site")
    time.sleep(0.3)
    server.process.send_signal(number)
    server.process.wait(8)
