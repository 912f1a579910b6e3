"""Version after version, and nobody notices."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from tests.deploy.conftest import Host, visitors
from tests.deploy.site import faulty
from tests.soak import Row

# How many; `make soak` asks for more.
DEPLOYMENTS = int(os.environ.get("DEPLOYMENTS", "4"))
ROLLBACKS = int(os.environ.get("ROLLBACKS", "2"))


def test_no_request_is_lost_in_deployments_and_rollbacks(
    host: Host, releases: Callable[..., str], soaked: list[Row]
) -> None:
    images = [releases(f"v{number}") for number in range(2, DEPLOYMENTS + 2)]
    with visitors(host) as seen:
        times = [seconds_to_switch(host.deploy(image)) for image in images]
        times += [seconds_to_switch(host.deploy("--rollback")) for _ in range(ROLLBACKS)]
    print(seen, times)
    soaked.append(
        Row("HTTP/1.1", DEPLOYMENTS, ROLLBACKS, seen["requests"], len(seen["wrong"]), times)
    )
    assert seen["wrong"] == []
    assert len(seen["releases"]) == DEPLOYMENTS + 1
    assert seen["downloads"] > 4 and seen["uploads"] > 4
    if "SOAK_PAGE" in os.environ:  # only `make soak` measures
        assert max(times) <= 10 and seen["requests"] >= 100_000
    outcomes = [entry["outcome"] for entry in host.journal()]
    assert outcomes == ["deployed"] * (DEPLOYMENTS + 1) + ["returned"] * ROLLBACKS
    assert release(host) == f"v{DEPLOYMENTS + 1 - ROLLBACKS}"


def test_the_old_colour_ends_when_its_last_request_does(
    host: Host, releases: Callable[..., str]
) -> None:
    host.deploy(releases("slow", *faulty("slow")), WATCH_SECONDS="1")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(httpx.get, host.url + "/api/slow")
        process = host.start(releases("v1"), WATCH_SECONDS="1")
        assert process.stdout is not None
        for line in process.stdout:
            if " let " in line:
                assert release(host) == "v1" and not slow.done()
        assert process.wait() == 0
        assert slow.done() and (slow.result().status_code, slow.result().text) == (200, 25 * "slow")


def test_a_page_that_is_open_still_has_its_style_several_releases_later(
    host: Host, releases: Callable[..., str]
) -> None:
    with host.client(**{"accept-encoding": "gzip"}) as client:
        page = client.get("/").text
        style = re.search(r"/style\.[0-9a-f]+\.css", page)
        assert style is not None
        before = client.get(style[0])
        for name in ("w1", "w2", "w3"):
            host.deploy(releases(name), WATCH_SECONDS="1")
            assert name in client.get("/").text
            for accept in ("gzip, deflate, br, zstd", "gzip", "", "br;q=0.5"):
                after = client.get(style[0], headers={"accept-encoding": accept})
                assert (after.status_code, after.text) == (200, before.text), accept


def test_a_page_that_a_release_no_longer_has_is_gone(
    host: Host, releases: Callable[..., str]
) -> None:
    host.deploy(releases("more", pages={"extra/index.html": "<h1>extra</h1>"}), WATCH_SECONDS="1")
    assert status(host, "/extra/") == 200
    for name in ("w2", "w3"):
        host.deploy(releases(name), WATCH_SECONDS="1")
        assert status(host, "/extra/") == 404


def test_visitors_do_not_wait_for_each_other_where_nothing_is_kept(
    host: Host, releases: Callable[..., str]
) -> None:
    host.deploy(releases("chat", *faulty("waits for another")), WATCH_SECONDS="1")
    for path in ("/chat", "/api/chat"):
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(partial(status, host), [path, path])) == [200, 200]


def test_the_status_says_what_serves_and_what_one_can_go_back_to(host: Host) -> None:
    said = host.deploy("--status")
    assert re.search(rf"{host.live()} +running, .*release {release(host)}  <- serves", said)
    assert "--rollback 1" in said


def test_a_rollback_passes_over_what_was_gone_back_from(
    host: Host, releases: Callable[..., str]
) -> None:
    for step in ("w1", "w2", "--rollback", "w3", "w3", "--rollback"):
        host.deploy(step if step.startswith("-") else releases(step), WATCH_SECONDS="1")
        if step == "--rollback":
            assert release(host) == "w1"


def test_a_dry_run_changes_nothing(host: Host, releases: Callable[..., str]) -> None:
    before = (host.live(), release(host), host.journal())
    assert "all is well" in host.deploy("--dry-run", releases("v1"))
    assert (host.live(), release(host), host.journal()) == before


def seconds_to_switch(said: str) -> float:
    """From the command, with the image there, until all visitors are sent to the new version."""
    switched = re.search(r"==> +([\d.]+) s  watch", said)
    assert switched is not None, said
    return float(switched[1])


def release(host: Host) -> str:
    answer: str = httpx.get(host.url + "/health").json()["release"]
    return answer


def status(host: Host, path: str) -> int:
    return httpx.get(host.url + path).status_code
