"""What the edge lets through, what it refuses, and what it writes down."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.edge.stack import Stack, wait_until


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/./metrics", "/x/../metrics", "/_paths",
     "/%5fpaths", "/metrics?x=1"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_what_is_for_the_inside_is_404(stack: Stack, method: str, path: str) -> None:
    request = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert stack.raw(request.encode()).startswith(b"HTTP/1.1 404")


def test_health_comes_from_the_application_each_time(stack: Stack) -> None:
    with stack.client() as client:
        answer = client.get("/health")
        assert answer.json()["release"] == "test"
        assert answer.json()["uptime_seconds"] != client.get("/health").json()["uptime_seconds"]
        assert "cache-status" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_file_is_only_read(stack: Stack, method: str) -> None:
    with stack.client() as client:
        answer = client.request(method, "/")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_head_has_the_headers_and_no_body(stack: Stack) -> None:
    with stack.client() as client:
        get, head = client.get("/"), client.head("/")
        assert head.headers["content-length"] == str(len(get.content))
        assert head.headers["etag"] == get.headers["etag"] and head.content == b""


def test_the_site_s_own_404_is_passed_on(stack: Stack) -> None:
    with stack.client() as client:
        assert "/ko/" not in str(client.get("/nothing").url)
        english, korean = client.get("/nothing"), client.get("/ko/nothing")
        assert english.status_code == korean.status_code == 404
        assert 'lang="en"' in english.text and 'lang="ko"' in korean.text
        problem = client.get("/api/nothing")
        assert problem.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large_is_refused(stack: Stack) -> None:
    with stack.client() as client:
        answer = client.post("/api/info", content=b"x" * (1024 * 1024 + 1))
        assert answer.status_code == 413
        assert "nginx" not in answer.text


@pytest.mark.parametrize(
    "request_",
    [b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"y" * 9000 + b"\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: yyyyyyyyyyyyyyyy\r\n" * 3000 + b"\r\n"],
)  # fmt: skip
def test_a_header_that_is_too_large_is_refused(stack: Stack, request_: bytes) -> None:
    # nginx does not read on, so the connection may be reset before its answer is read.
    assert re.match(rb"HTTP/1.1 (400|414|431) |$", stack.raw(request_))


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_two_parsers_could_read_in_two_ways_is_refused(stack: Stack, request_: bytes) -> None:
    answer = stack.raw(request_ + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", seconds=3)
    assert re.match(rb"HTTP/1.1 (400|405|501) |$", answer)
    assert b'"status":"ok"' not in answer  # nothing was smuggled behind it


def test_a_header_that_trickles_is_given_up(stack: Stack) -> None:
    began = time.monotonic()
    assert not stack.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", seconds=20)
    assert time.monotonic() - began < 19


def test_the_log_has_one_json_object_for_each_request_and_no_query(stack: Stack) -> None:
    headers = {"referer": "https://elsewhere.example/page?secret=1", "cookie": "secret=2"}
    with stack.client(**headers) as client:
        identifier = client.get("/about/?secret=3").headers["x-request-id"]
    wait_until(lambda: any(identifier in line for line in stack.logs("nginx")), "it is logged")
    line = next(line for line in stack.logs("nginx") if identifier in line)
    entry = json.loads(line)
    assert entry["event"] == "request" and entry["method"] == "GET"
    assert entry["path"] == "/about/" and entry["status"] == 200
    assert entry["cache"] in ("HIT", "STALE", "UPDATING")
    assert "secret" not in line and "elsewhere" not in line
    assert {"timestamp", "level", "bytes", "duration_seconds", "client"} <= entry.keys()


def test_the_application_logs_the_id_that_the_edge_gave(stack: Stack) -> None:
    with stack.client() as client:
        identifier = client.get("/api/info").headers["x-request-id"]
    wait_until(lambda: any(identifier in line for line in stack.logs("app")), "it is logged")


def test_an_error_of_the_edge_names_no_version(stack: Stack) -> None:
    for answer in (stack.raw(b"GET / HTTP/1.1\r\n\r\n"), stack.raw(b"junk\r\n\r\n")):
        assert not re.search(rb"nginx/\d|uvicorn|gunicorn|python", answer, re.IGNORECASE)


# With settings of its own


@pytest.fixture(scope="module")
def named(image: str) -> Iterator[Stack]:
    """A stack with a name, and a low rate."""
    stack = Stack("kaira-test-named", DOMAIN="shop.example", RATE_LIMIT="60")
    stack.down()
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def test_strangers_are_turned_away_and_the_site_answers_to_its_names(named: Stack) -> None:
    with named.client() as client:
        for host in ("shop.example", "www.shop.example", "SHOP.example"):
            assert client.get("/", headers={"host": host}).status_code == 200
        for host in ("other.example", "127.0.0.1", "shop.example.evil.example", "xshop.example"):
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/", headers={"host": host})
    assert named.raw(b"GET / HTTP/1.0\r\n\r\n") == b""
    absolute = b"GET http://other.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    assert named.raw(absolute) == b""


def test_the_edge_fills_its_cache_under_the_site_s_name_too(named: Stack) -> None:
    named.wait_until_warm()
    with named.client(host="shop.example") as client:
        for path in named.paths():
            time.sleep(0.01)  # within the limit of requests a second
            assert "hit" in client.get(path).headers["cache-status"], path


def test_one_address_cannot_ask_without_end(named: Stack) -> None:
    statuses = set()
    with named.client() as client:
        for _ in range(1000):
            answer = client.get("/", headers={"host": "shop.example"})
            statuses.add(answer.status_code)
            if answer.status_code == 429:
                break
    assert statuses == {200, 429}
    assert answer.headers["retry-after"]
    assert "nginx" not in answer.text
