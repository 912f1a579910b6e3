"""One table of names, and what application, edge, certbot and deploy script really write."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import time
from typing import Any

import pytest

from monitoring.logs_page import FIELDS, PAGES, page
from tests.deploy.conftest import Host
from tests.edge.stack import ROOT, run, wait_until
from tests.logs.conftest import DOMAIN

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LEVELS = {"debug", "info", "warning", "error", "critical"}
SECRET = "hush-hush"


@pytest.mark.parametrize("language", PAGES)
def test_the_pages_have_the_table(language: str) -> None:
    assert PAGES[language].read_text() == page(language), "make fields"


def test_every_name_in_the_code_is_in_the_table() -> None:
    found: set[str] = set()
    for who, pattern in {"app": "kaira_fastapi_poetry/**/*.py", "certbot": "certbot/*.py"}.items():
        for path in ROOT.glob(pattern):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _logs(node):
                    names = {keyword.arg for keyword in node.keywords if keyword.arg}
                    found |= names
                    assert names <= _names(who), path
    assert {"status", "reason", "next_try"} <= found


@pytest.mark.docker
def test_every_line_of_the_edge_and_of_the_journal_is_in_the_table(site: Host) -> None:
    for request in (
        b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
        b'GET /"\\\x01\xff%00%0a HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
        b"GET /x\r\n",  # HTTP/0.9
        b"GET / HTTP/1.1\r\nHost: stranger.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST /api/info HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9\r\n\r\nx",
    ):
        site.raw(request, seconds=1)
    identifier = _ask(site, "/api/info")
    wait_until(lambda: identifier in "".join(site.logs("nginx")), "it is logged")
    entries = [json.loads(line) for line in site.logs("nginx")]
    assert {entry["event"] for entry in entries} >= {"request", "deployment"}
    for entry in entries:
        _hold(entry, "deploy" if entry["event"] == "deployment" else "edge")
    journal = site.journal()
    assert journal == [entry for entry in entries if entry["event"] == "deployment"]
    assert [entry["outcome"] for entry in journal] == ["deployed"]


@pytest.mark.docker
def test_every_line_of_the_application_is_in_the_table(site: Host) -> None:
    _ask(site, "/api/info")
    site.execute(
        site.live(),
        "python",
        "-c",
        "import socket; s = socket.create_connection(('127.0.0.1', 80)); s.sendall(b'GET /.env HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); s.recv(9)",
    )
    entries = [json.loads(line) for line in site.logs(site.live())]
    for entry in entries:
        _hold(entry, "app")
    assert {"request", "request refused"} <= {entry["event"] for entry in entries}


@pytest.mark.docker
def test_every_line_of_certbot_is_in_the_table(site: Host) -> None:
    certbot = f"{site.project}-certbot-1"
    wait_until(lambda: "not obtained" in run("docker", "logs", certbot), "it complains", 40)
    for line in run("docker", "logs", certbot).splitlines():
        _hold(json.loads(line), "certbot")


@pytest.mark.docker
def test_one_id_joins_the_edge_s_line_and_the_application_s(site: Host) -> None:
    identifier = _ask(site, "/api/info")
    both = site.logs("nginx"), site.logs(site.live())
    wait_until(lambda: identifier in "".join(site.logs("nginx")), "it is logged")
    edge, app = (
        next(json.loads(line) for line in site.logs(who) if identifier in line)
        for who in ("nginx", site.live())
    )
    for name in ("method", "path", "status", "event"):
        assert edge[name] == app[name], both
    # Which took longer cannot be said: nginx looks at its clock only now and then.
    assert app["duration_seconds"] >= 0 and edge["duration_seconds"] >= 0


@pytest.mark.docker
def test_nothing_of_a_visitor_is_written_but_what_the_privacy_page_tells(site: Host) -> None:
    said = (ROOT / "kaira-1.0.0/_texts/privacy.toml").read_text()
    assert (
        "address, time, path, status and size" in said and "주소와 시각, 경로, 상태, 크기" in said
    )
    headers = {
        "Cookie": SECRET, "Authorization": SECRET, "User-Agent": SECRET, "X-Forwarded-For": SECRET,
        "Referer": f"https://{SECRET}.example/?{SECRET}", "Accept-Language": SECRET,
    }  # fmt: skip
    for path in ("/", "/api/info", "/nothing", "/.env", "/api/nothing"):
        identifier = _ask(site, f"{path}?token={SECRET}", **headers)
    wait_until(lambda: identifier in "".join(site.logs("nginx")), "it is logged")
    lines = [*_all(site, "nginx"), *_all(site, site.live())]
    assert not [line for line in lines if SECRET in line]
    # The address is the edge's alone to write.
    client = next(json.loads(line)["client"] for line in lines if identifier in line)
    assert not [line for line in site.logs(site.live()) if client in line]


@pytest.mark.docker
def test_no_query_is_written_whatever_went_wrong(site: Host) -> None:
    query = f"?token={SECRET}"
    with site.client(Host=DOMAIN) as client:
        # Four hundred at once, and five a second (RATE_LIMIT); then enough for what follows.
        assert any(client.get(f"/{query}").status_code == 429 for _ in range(1000))
        time.sleep(6)
        for method, path, headers in (
            ("POST", "/", {}), ("POST", "/api/info", {}), ("PROPFIND", "/api/info", {}),
            ("GET", "/metrics", {}), ("GET", "/maintenance.html", {}), ("GET", "/_paths", {}),
            ("GET", "/large", {"Range": "bytes=9-1"}), ("GET", "/api/nothing", {}),
        ):  # fmt: skip
            client.request(method, path + query, headers=headers)
        client.post(f"/api/info{query}", content=b"x" * (1024 * 1024 + 1))
        for line, header in (
            ("/" + "x" * 9000 + query, ""),
            (f"/{query}", "X-Large: " + "x" * 9000),
        ):
            site.raw(
                f"GET {line} HTTP/1.1\r\nHost: {DOMAIN}\r\n{header}\r\n\r\n".encode(), seconds=1
            )
        run("docker", "stop", "--time", "1", site.container(site.live()))
        try:
            assert client.get(f"/api/info{query}").status_code == 503
            assert client.get(f"/nothing{query}").status_code == 503
        finally:
            run("docker", "start", site.container(site.live()))
        wait_until(lambda: client.get("/api/info").status_code == 200, "it is back", 30)
        identifier = client.get("/api/info").headers["x-request-id"]
    wait_until(lambda: identifier in "".join(site.logs("nginx")), "it is logged")
    lines = [*_all(site, "nginx"), *_all(site, site.live())]
    for line in _all(site, "nginx"):
        entry = json.loads(line)
        _hold(entry, "deploy" if entry["event"] == "deployment" else "edge")
    assert "nginx error" in str(lines)
    lines += site.execute(
        "nginx", "cat", "/run/kaira/failures", "/run/kaira/counted/requests"
    ).split("\n")
    assert not [line for line in lines if SECRET in line]
    assert {400, 404, 405, 413, 429, 503} <= {
        json.loads(line)["status"] for line in site.logs("nginx") if "status" in line
    }


# Private


def _all(site: Host, service: str) -> list[str]:
    """What went to standard error as well."""
    done = subprocess.run(
        ["docker", "logs", site.container(service)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def _ask(site: Host, path: str, **headers: str) -> str:
    with site.client(Host=DOMAIN, **headers) as client:
        return client.get(path).headers["x-request-id"]


def _names(who: str) -> set[str]:
    return {field.name for field in FIELDS.values() if who in field.who.split()}


def _hold(entry: dict[str, Any], who: str) -> None:
    assert list(entry)[:3] == ["timestamp", "level", "event"], entry
    assert MOMENT.fullmatch(entry["timestamp"]) and entry["level"] in LEVELS, entry
    assert entry.keys() <= _names(who), entry
    for name, value in entry.items():
        assert FIELDS[name].takes(value), (name, entry)


def _logs(call: ast.Call) -> bool:
    """Whether it writes a line: log.info(…), get_logger().warning(…), line(…)."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in {*LEVELS, "exception"} and "log" in ast.unparse(function.value)
    return isinstance(function, ast.Name) and function.id == "line"
