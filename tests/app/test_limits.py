"""Limits of time that are too long to wait for: the same application, with shorter ones."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

import pytest

from kaira_fastapi_poetry import guards, protocol
from tests.app.running import Server, serving, wait_until, write

LIMIT = 1.0
MIB = 1024 * 1024

# Beside ours, routes that read a body; and a server as `kaira serve` sets it up.
APPLICATION = f"""
import asyncio, os
import uvicorn
from fastapi import Request
from kaira_fastapi_poetry import guards, protocol
from kaira_fastapi_poetry.app import create_app

guards.BODY_SECONDS = protocol.STALLED_SECONDS = {LIMIT}
app = create_app()


@app.post("/api/raw")
async def raw(request: Request):
    return len(await request.body())


@app.post("/api/parsed")
async def parsed(value: dict[str, str]):
    return value


@app.post("/api/takes-its-time")
async def takes_its_time(request: Request):
    await request.body()
    await asyncio.sleep({2 * LIMIT})
    return await request.is_disconnected()


uvicorn.run(app, port=int(os.environ["PORT"]), http=protocol.GuardedProtocol, log_config=None,
            proxy_headers=False, server_header=False)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("limits")
    write(folder, {"limits.py": APPLICATION, "site/huge.bin": bytes(64 * MIB)})
    with serving(folder, [sys.executable, "limits.py"], SITE_DIR="site") as server:
        yield server


def _head(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def test_the_limits_that_are_shipped() -> None:
    assert (guards.BODY_SECONDS, protocol.STALLED_SECONDS) == (30, 60)


@pytest.mark.parametrize("path", ["/api/raw", "/api/parsed"])
@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_is_cut_off(server: Server, path: str, framing: str) -> None:
    piece = b"1\r\n \r\n" if "chunked" in framing else b" "
    with server.client() as client:
        began = time.monotonic()
        client.socket.sendall(_head(path, framing))
        client.socket.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < began + 10 * LIMIT:
            client.socket.sendall(piece)
            try:
                answer = client.socket.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"application/problem+json" in answer and b"connection: close" in answer.lower()
        assert LIMIT * 0.9 < time.monotonic() - began < LIMIT * 4
    assert server.ask("/health").status == 200


def test_a_body_that_comes_in_time_is_read_and_a_slow_answer_to_it_is_not_cut_off(
    server: Server,
) -> None:
    with server.client() as client:
        client.socket.sendall(_head("/api/raw", "Content-Length: 4"))
        for _ in range(4):
            time.sleep(LIMIT / 10)
            client.socket.sendall(b"a")
        assert client.receive("POST").json() == 4
        answer = client.ask("/api/takes-its-time", "POST", body=b"{}")
        assert (answer.status, answer.json()) == (200, False)


def _slow_client(server: Server, room: int) -> socket.socket:
    """Someone who asks for much and has little room for it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.settimeout(10)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /huge.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def _open_files(server: Server) -> int:
    import psutil

    return sum("huge.bin" in file.path for file in psutil.Process(server.process.pid).open_files())


def test_a_client_that_does_not_read_is_dropped_and_its_file_closed(server: Server) -> None:
    with _slow_client(server, 4096) as client:
        wait_until(lambda: _open_files(server) == 1, "the file is being sent")
        began = time.monotonic()
        wait_until(lambda: _open_files(server) == 0, "the client is dropped")
        assert LIMIT / 2 < time.monotonic() - began < 5 * LIMIT
        received = 0
        try:
            while part := client.recv(MIB):
                received += len(part)
        except ConnectionResetError:
            pass
        assert received < 64 * MIB  # what was in the kernel's hands already, and the end


def test_a_client_that_reads_slowly_is_not_dropped(server: Server) -> None:
    with _slow_client(server, 64 * 1024) as client:
        end = time.monotonic() + 3 * LIMIT
        while time.monotonic() < end:  # some MB a second
            assert client.recv(MIB)
            time.sleep(0.01)
        assert _open_files(server) == 1
    wait_until(lambda: _open_files(server) == 0, "the file is closed")
