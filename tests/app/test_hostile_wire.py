"""What no honest client sends, and what slow or rude ones do: over raw sockets.

After each the server answers the next visitor as ever, and its log shows no traceback.
"""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.app.running import Server, read_answer, serving, write
from tests.http_table import LARGE, SITE

HOST = b"Host: localhost\r\n"
SECOND = b"GET /api/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
MIB = 1024 * 1024
MARK = b'"name":"kaira"'  # in the answer to SECOND, and nowhere else


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker, so that whatever happens to it shows."""
    folder = tmp_path_factory.mktemp("wire")
    write(folder / "site", {**SITE, "huge.bin": bytes(64 * MIB)})
    with serving(folder, SITE_DIR="site") as server:
        yield server


@pytest.fixture(autouse=True)
def unharmed(server: Server) -> Iterator[None]:
    """Whatever a test does, the same worker answers the next visitor."""
    before = [worker.pid for worker in server.workers()]
    yield
    assert server.ask("/digits.txt").body == b"0123456789"
    assert [worker.pid for worker in server.workers()] == before
    assert "Traceback" not in server.tail
    worse = [entry for entry in server.entries() if entry["level"] in ("error", "critical")]
    assert not worse, worse


def statuses(answer: bytes) -> list[int]:
    """The status of each response in what came back."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return (
        b"POST /api/info HTTP/1.1\r\n"
        + HOST
        + b"".join(h + b"\r\n" for h in headers)
        + b"\r\n"
        + body
    )


CHUNKED = b"0\r\n\r\n"
SMUGGLING = {
    "CL.TE": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=CHUNKED),
    "TE.CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=CHUNKED),
    "two lengths that differ": post(b"Content-Length: 0", b"Content-Length: 5", body=b"abcde"),
    "a length with a plus": post(b"Content-Length: +5", body=b"abcde"),
    "a length with a minus": post(b"Content-Length: -5", body=b"abcde"),
    "a length with a blank in it": post(b"Content-Length: 0 5", body=b"abcde"),
    "a list of lengths": post(b"Content-Length: 0, 5", body=b"abcde"),
    "a length in hexadecimal": post(b"Content-Length: 0x5", body=b"abcde"),
    "a length of words": post(b"Content-Length: five", body=b"abcde"),
    "an empty length": post(b"Content-Length: ", body=b"abcde"),
    "a length past 64 bits": post(b"Content-Length: 18446744073709551617", body=b"a"),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=CHUNKED),
    "chunked is not last": post(b"Transfer-Encoding: chunked, identity", body=CHUNKED),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=CHUNKED),
    "identity": post(b"Transfer-Encoding: identity", b"Content-Length: 5", body=b"abcde"),
    "a blank before the colon": post(b"Transfer-Encoding : chunked", body=CHUNKED),
    "a tab before the colon": post(b"Transfer-Encoding\t: chunked", body=CHUNKED),
    "a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=CHUNKED),
    "a quoted coding": post(b'Transfer-Encoding: "chunked"', body=CHUNKED),
    "a folded coding": post(b"Transfer-Encoding:\r\n chunked", b"Content-Length: 5", body=CHUNKED),
    "a NUL in the name": post(b"Transfer-\0Encoding: chunked", b"Content-Length: 5", body=CHUNKED),
    "chunk size of words": post(b"Transfer-Encoding: chunked", body=b"zz\r\nab\r\n0\r\n\r\n"),
    "chunk size with a minus": post(b"Transfer-Encoding: chunked", body=b"-1\r\nab\r\n0\r\n\r\n"),
    "chunk size with 0x": post(b"Transfer-Encoding: chunked", body=b"0x2\r\nab\r\n0\r\n\r\n"),
    "chunk size past 64 bits": post(b"Transfer-Encoding: chunked", body=b"1" * 20 + b"\r\na"),
    "a chunk longer than it says": post(b"Transfer-Encoding: chunked", body=b"1\r\nabc\r\n0\r\n\r\n"),
    "chunks with bare line feeds": post(b"Transfer-Encoding: chunked", body=b"1\na\n0\n\n"),
    "a body of GET with two lengths": b"GET / HTTP/1.1\r\n" + HOST
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
}  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLING)
def test_a_body_that_two_servers_would_end_differently_is_refused(
    server: Server, name: str
) -> None:
    answer = server.exchange(SMUGGLING[name] + SECOND, 3)
    assert statuses(answer) in ([400], []), answer[:300]
    assert MARK not in answer, "the bytes behind it were taken for a request"


MALFORMED = {
    "bare line feeds": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare carriage return in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\rX-B: b\r\n\r\n",
    "bare carriage returns": b"GET / HTTP/1.1\rHost: localhost\r\r",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\r\n b\r\n\r\n",
    "a header that begins with a blank": b"GET / HTTP/1.1\r\n X-A: a\r\n" + HOST + b"\r\n",
    "a NUL in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\0b\r\n\r\n",
    "a NUL in a name": b"GET / HTTP/1.1\r\n" + HOST + b"X-\0A: b\r\n\r\n",
    "a blank before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"X-A : b\r\n\r\n",
    "a blank in a name": b"GET / HTTP/1.1\r\n" + HOST + b"X A: b\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"X-A\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "two Hosts that differ": b"GET / HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "HTTP/1.10": b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    "another protocol": b"GET / RTSP/1.0\r\n" + HOST + b"\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    "bytes": bytes(range(256)),
    "NULs": bytes(1000),
    "a blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no target": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that nobody knows": b"FROBNICATE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "PROPFIND": b"PROPFIND / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method with a quote": b"GE\"T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "an empty method": b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "only line ends": b"\r\n" * 20 + b"\0",
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_a_request_is_refused_and_ends_the_connection(
    server: Server, name: str
) -> None:
    # An HTTP/2 preface and methods that we do not implement may also be told so.
    answer = server.exchange(MALFORMED[name] + SECOND, 3)
    assert statuses(answer) in ([400], [501], [505], []), answer[:300]
    assert MARK not in answer


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"OPTIONS * HTTP/1.1\r\n" + HOST, (200, 204, 400, 404, 405)),
        (b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST, (400, 404, 405, 501)),
        (b"TRACE / HTTP/1.1\r\nX-Secret: abc\r\n" + HOST, (405, 501)),
        (b"GET http://evil.example/shop HTTP/1.1\r\n" + HOST, (308, 400, 404)),
        (b"GET http://localhost/digits.txt HTTP/1.1\r\n" + HOST, (200, 400, 404)),
        (b"GET http:///shop HTTP/1.1\r\n" + HOST, (400, 404)),
        (b"GET /?a=b#fragment HTTP/1.1\r\n" + HOST, (200, 400)),
        (b"GET / HTTP/1.1\r\nHost: localhost:99999\r\n", (200, 400)),
        (b"GET / HTTP/1.1\r\nHost: local host\r\n", (400,)),  # RFC 9112, 3.2
        (b"GET / HTTP/1.1\r\nHost: a:80@evil.example\r\n", (400,)),
        (b"GET  / HTTP/1.1\r\n" + HOST, (200, 400)),  # RFC 9112, 3: may be read by words
        (b"GET / HTTP/1.1\r\nHost:\r\n", (200, 400)),
        (b"GET / HTTP/1.0\r\n", (200,)),
        (b"GET / HTTP/1.0\r\n" + HOST, (200,)),
        (b"GET / HTTP/1.1\r\nExpect: 100-continue\r\n" + HOST, (200,)),
        (b"GET / HTTP/1.1\r\nExpect: rubbish\r\n" + HOST, (200, 417)),
        (b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + HOST,
         (200, 400, 426)),
        (b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
         b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n" + HOST, (200, 400)),
        (b"\r\n\r\nGET / HTTP/1.1\r\n" + HOST, (200, 400)),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, bytes) else "",
)  # fmt: skip
def test_what_is_odd_is_answered_soberly(
    server: Server, request_: bytes, expected: tuple[int, ...]
) -> None:
    connection = b"" if b"Connection:" in request_ else b"Connection: close\r\n"
    answer = server.exchange(request_ + connection + b"\r\n", 1.5)
    assert statuses(answer)[:1] and statuses(answer)[0] in expected, answer[:300]
    assert b"evil.example" not in answer and b"X-Secret" not in answer


def test_an_old_client_s_connection_ends_with_its_answer(server: Server) -> None:
    began = time.monotonic()
    assert server.exchange(b"GET /digits.txt HTTP/1.0\r\n\r\n").endswith(b"0123456789")
    assert time.monotonic() - began < 5


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows its names."""
    folder = tmp_path_factory.mktemp("named")
    write(folder / "site", SITE)
    with serving(folder, SITE_DIR="site", ALLOWED_HOSTS="kaira.example,*.shop.example") as server:
        yield server


@pytest.mark.parametrize(
    ("host", "status"),
    [("kaira.example", 200), ("KAIRA.Example", 200), ("kaira.example:8000", 200),
     ("a.shop.example", 200), ("a.b.shop.example", 200), ("shop.example", 400),
     ("xkaira.example", 400), ("kaira.example.evil.example", 400), ("evilshop.example", 400),
     ("127.0.0.1", 400), ("[::1]:80", 400), ("kaira.example@evil.example", 400),
     ("kaira.example:80@evil.example", 400), ("", 400), (":80", 400), (".shop.example.evil", 400)],
)  # fmt: skip
def test_only_its_own_names_are_answered(named: Server, host: str, status: int) -> None:
    for path in ("/", "/digits.txt", "/api/info", "/shop", "/nothing"):
        found = named.ask(path, headers={"Host": host}).status
        assert (found == 400) is (status == 400), (path, found)
    # Health is asked for by address; but a header that is no host at all is refused there too.
    health = named.ask("/health", headers={"Host": host}).status
    assert health == (400 if "@" in host else 200)


# Sizes


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-A: aaaaaaaa\r\n" * 4_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: a\r\n" % n for n in range(8_000)) + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /?" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
    ids=["one long header", "one header many times", "many headers", "a long path", "a long query"],
)
def test_a_header_above_the_limit_is_431(server: Server, request_: bytes) -> None:
    # Sent in parts, so that the answer is there before all of it is.
    with server.client() as client:
        try:
            for begin in range(0, len(request_), 8192):
                client.socket.sendall(request_[begin : begin + 8192])
                time.sleep(0.01)
        except OSError:
            pass
        try:
            assert client.receive().status == 431
        except ConnectionResetError:  # what was still on its way resets the connection
            pass
    assert server.total("kaira_requests_refused_total", reason="header size") >= 1


def test_a_large_header_below_the_limit_is_fine(server: Server) -> None:
    assert server.ask("/digits.txt", headers={"Cookie": "a=" + "b" * 12_000}).status == 200


def test_a_header_without_end_is_cut_off_and_takes_no_memory(server: Server) -> None:
    (worker,) = server.workers()
    before = worker.memory_info().rss
    sent = 0
    with server.client() as client:
        try:
            client.socket.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ")
            while sent < 200 * MIB:
                sent += client.socket.send(b"a" * 65536)
        except OSError:
            pass
    assert sent < 32 * MIB, "it read on and on"
    assert worker.memory_info().rss - before < 16 * MIB


def test_many_small_headers_without_end_are_cut_off(server: Server) -> None:
    sent = 0
    with server.client() as client:
        try:
            client.socket.sendall(b"GET / HTTP/1.1\r\n" + HOST)
            while sent < 200 * MIB:
                sent += client.socket.send(b"X-A: b\r\n" * 4096)
        except OSError:
            pass
    assert sent < 32 * MIB


@pytest.mark.parametrize("path", ["/api/info", "/digits.txt", "/nothing"])
def test_a_body_that_says_it_is_too_large_is_refused(server: Server, path: str) -> None:
    request = b"POST %b HTTP/1.1\r\n" % path.encode() + HOST
    answer = server.exchange(request + b"Content-Length: %d\r\n\r\n" % (MIB + 1), 1)
    # Nobody reads the body of a request that is refused for its method.
    assert statuses(answer) in ([413], [405], [404]), answer[:200]
    if path == "/api/info":
        assert statuses(answer) == [413]


def test_a_body_in_chunks_is_cut_off_at_the_limit(server: Server) -> None:
    (worker,) = server.workers()
    before = worker.memory_info().rss
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    sent = 0
    with server.client() as client:
        try:
            client.socket.sendall(b"POST /api/info HTTP/1.1\r\n" + HOST
                                  + b"Transfer-Encoding: chunked\r\n\r\n")  # fmt: skip
            while sent < 64 * MIB:
                client.socket.sendall(chunk)
                sent += 65536
            client.socket.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            answer = client.receive("POST")
            assert answer.status in (405, 413)
        except OSError:
            pass
    assert worker.memory_info().rss - before < 16 * MIB


# Time


def test_a_header_that_trickles_and_a_connection_that_says_nothing_end_after_10_s(
    server: Server,
) -> None:
    began = time.monotonic()
    with server.client(30) as trickling, server.client(30) as silent, server.client(30) as half:
        half.socket.sendall(b"GET / HTTP/1.1\r\n" + HOST)
        trickling.socket.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ")
        ended = 0.0
        while not ended and time.monotonic() - began < 20:
            try:
                trickling.socket.sendall(b"a")
                trickling.socket.settimeout(0.25)
                received = trickling.socket.recv(1000)
                assert received == b"" or statuses(received) == [408]
                ended = time.monotonic() - began
            except TimeoutError:
                continue
            except OSError:
                ended = time.monotonic() - began
        assert 8 < ended < 14
        assert silent.at_end()
        assert statuses(half.socket.recv(1000)) == [408]
        assert time.monotonic() - began < 16
    assert server.total("kaira_requests_refused_total", reason="slow") >= 2


# Order, and clients that leave


def test_fifty_requests_in_one_go_are_answered_in_their_order(server: Server) -> None:
    targets = [("/digits.txt", b"0123456789"), ("/large.bin", LARGE), ("/empty.txt", b""),
               ("/shop/", SITE["shop/index.html"]), ("/nothing", SITE["404.html"])] * 10  # fmt: skip
    request = b"".join(
        b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path, _ in targets
    )
    answer = io.BytesIO(server.exchange(request + SECOND, 15))
    for number, (path, body) in enumerate(targets):
        assert read_answer(answer).body == body, (number, path)
    assert MARK in read_answer(answer).body
    assert answer.read() == b""


def test_a_request_in_single_bytes_is_a_request(server: Server) -> None:
    with server.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /digits.txt HTTP/1.1\r\n" + HOST + b"\r\n":
            client.socket.sendall(bytes([byte]))
        assert client.receive().body == b"0123456789"


def _blobs_open(server: Server) -> list[str]:
    return [file.path for worker in server.workers() for file in worker.open_files()
            if "/site" in file.path]  # fmt: skip


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_clients_that_leave_in_the_middle_leave_no_file_open(server: Server) -> None:
    for number in range(20):
        with server.client() as client:
            client.send("GET", "/huge.bin")
            client.socket.recv(1000 if number % 2 else 1)
    assert _until(lambda: not _blobs_open(server), 10), _blobs_open(server)


def test_clients_that_never_read_hold_up_nobody_and_take_no_memory(server: Server) -> None:
    (worker,) = server.workers()
    before = worker.memory_info().rss
    clients = [server.client() for _ in range(20)]
    try:
        for client in clients:
            client.send("GET", "/huge.bin")
        time.sleep(1)
        began = time.monotonic()
        assert server.ask("/digits.txt").status == 200
        assert time.monotonic() - began < 2
        assert worker.memory_info().rss - before < 64 * MIB
    finally:
        for client in clients:
            client.close()
    assert _until(lambda: not _blobs_open(server), 10)


def test_a_reset_before_the_answer_harms_nobody(server: Server) -> None:
    for path in ("/digits.txt", "/api/info", "/huge.bin", "/nothing"):
        for _ in range(10):
            client = server.client()
            linger = b"\x01\0\0\0\0\0\0\0"  # on, 0 s: close resets
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.send("GET", path)
            client.close()


def test_nothing_that_was_sent_here_made_a_5xx(server: Server) -> None:
    codes = {
        re.search(r'(?:code|status)="(\w+)"', series)[1]  # type: ignore[index]
        for series in server.metrics()
        if re.search(r'(?:code|status)="', series)
    }
    assert codes and not any(code.startswith("5") for code in codes)
