"""The application dies, and the visitors do not notice."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.edge.stack import CLASSES, Stack, run, wait_until


@pytest.fixture
def own(image: str) -> Iterator[Stack]:
    """A stack to break."""
    stack = Stack("kaira-test-dead")
    stack.down()
    try:
        yield stack
    finally:
        stack.down()


def test_the_whole_site_stays_up_and_says_so_and_recovers(own: Stack) -> None:
    own.up()
    own.wait_until_warm()
    paths = own.paths()
    run("docker", "kill", own.container("app"))
    wait_until(lambda: status(own, "/health") == 503, "the application is gone")
    with own.client() as client:
        for accept in [*CLASSES, "br;q=0.5, gzip;q=0.2"]:
            for path in paths:
                answer = client.get(path, headers={"accept-encoding": accept})
                assert answer.status_code == 200, (path, accept)
        wait_until(lambda: "stale" in cache_status(own, "/"), "it says that the page is old")
        for path in ("/nothing", "/api/info"):
            answer = client.get(path)
            assert answer.status_code == 503 and answer.headers["retry-after"]

    # It comes back at another address, because somebody else has taken its old one.
    before = address(own)
    own.compose("rm", "-sf", "app")
    squatter = run("docker", "run", "-d", "--network", f"{own.project}_kaira", "--ip", before,
                   "--entrypoint", "sleep", "kaira-server:test", "60").strip()  # fmt: skip
    try:
        own.up("app")
        assert address(own) != before
    finally:
        run("docker", "rm", "-f", squatter)
    wait_until(lambda: status(own, "/health") == 200, "the application is back")
    wait_until(lambda: "stale" not in cache_status(own, "/"), "pages are fresh again")


def test_what_a_deployment_left_half_kept_is_completed(own: Stack) -> None:
    def inside(*command: str, check: bool = True) -> str:
        container = own.container("nginx")
        return run("docker", "exec", "--user", "nginx", container, *command, check=check)

    own.up()
    own.wait_until_warm()
    cache = "/var/cache/kaira/blue"
    key = hashlib.md5(b"gzip /about/", usedforsecurity=False).hexdigest()
    kept = f"{cache}/{key[-1]}/{key[-3:-1]}/{key}"  # levels=1:2
    assert inside("ls", kept)
    inside("find", cache, "-mindepth", "1", "-delete")
    asked = inside("/etc/nginx/kaira/start/crawl", "blue", "strictly", "once")
    assert 1 <= int(asked) / len(own.paths()) < 1.1
    assert not inside("ls", kept, check=False)
    # It is put off as long as a deployment may take, and no longer.
    tag = "/var/cache/kaira/lists/blue.etag"
    until = 7 * 86400 - (time.time() - int(inside("stat", "-c", "%Y", tag)))
    assert 240 < until <= 301
    inside("touch", "--date", "7 days ago", tag)
    wait_until(lambda: bool(inside("ls", kept, check=False)), "all is kept", 30)


def test_what_is_noted_of_failures_stays_small_as_long_as_it_lasts(own: Stack) -> None:
    own.compose("up", "-d", "--wait", "--no-deps", "nginx")
    file = "/run/kaira/failures"

    def noted() -> list[str]:
        return own.execute("nginx", "cat", file).splitlines()

    httpx.get(own.url + "/api/info")
    (line,) = noted()
    assert re.fullmatch(r"blue 503 [502 :]+ /api/info", line)
    own.execute("nginx", "sh", "-c", f"yes '{line}' | head -n 12000 >>{file}")
    wait_until(lambda: noted() == [], "it is emptied")
    httpx.get(own.url + "/api/info")
    assert noted() == [line]


def test_with_nothing_kept_there_is_a_page_that_says_to_come_back(own: Stack) -> None:
    own.compose("up", "-d", "--wait", "--no-deps", "nginx")
    answer = httpx.get(own.url + "/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["cache-control"] == "no-store"
    assert "가게" in answer.text and "shop" in answer.text
    assert "nginx" not in answer.text


def test_what_was_kept_survives_the_edge_s_own_restart(own: Stack) -> None:
    own.up()
    own.wait_until_warm()
    paths = own.paths()
    own.compose("kill", "app")
    own.compose("up", "-d", "--wait", "--no-deps", "--force-recreate", "nginx")
    with own.client() as client:
        for path in paths:
            assert client.get(path).status_code == 200, path


def address(stack: Stack) -> str:
    networks = stack.inspect("app")["NetworkSettings"]["Networks"]  # type: ignore[index]
    found: str = networks[f"{stack.project}_kaira"]["IPAddress"]
    return found


def status(stack: Stack, path: str) -> int:
    return httpx.get(stack.url + path).status_code


def cache_status(stack: Stack, path: str) -> str:
    return httpx.get(stack.url + path).headers.get("cache-status", "")
