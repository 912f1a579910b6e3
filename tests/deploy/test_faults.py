"""Processes die, and the site goes on by itself."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.deploy.conftest import Host, visitors
from tests.deploy.engine import Engine, program
from tests.deploy.test_deployments import release
from tests.edge.stack import run, wait_until

PAGES = ["/", "/about/", "/large.bin"]


def test_the_live_colour_is_killed_and_comes_back(host: Host, releases: Callable[..., str]) -> None:
    before = release(host)
    with visitors(host) as seen:
        wait_until(lambda: connections(host) > 20, "visitors are there")
        kill(host, host.live())
        for path in PAGES:
            assert httpx.get(host.url + path).status_code == 200
        wait_until(lambda: health(host) == 200, "it is back")
    assert release(host) == before
    # Only what nothing can be kept of went wrong; every page was there all the time.
    assert {wrong.split()[1] for wrong in seen["wrong"]} <= {"/api/info:", "/nothing:", "upload:"}


def test_with_both_colours_dead_the_site_stays_up_and_says_so(
    host: Host, releases: Callable[..., str]
) -> None:
    live = host.live()
    run("docker", "kill", host.container(live))
    wait_until(lambda: "kaira_edge_stale 1" in metrics(host), "the metric says so")
    for path in PAGES:
        assert httpx.get(host.url + path).status_code == 200
    wait_until(
        lambda: "stale" in httpx.get(host.url + "/").headers["cache-status"], "the header says so"
    )
    route = httpx.get(host.url + "/api/info")
    assert route.status_code == 503 and route.headers["retry-after"]
    # A deployment is the way out too.
    host.deploy(releases("v2"), WATCH_SECONDS="1")
    assert release(host) == "v2"
    wait_until(lambda: "kaira_edge_stale 0" in metrics(host), "the metric says that it is over")
    assert f'kaira_edge_live{{colour="{host.live()}"}} 1' in metrics(host)


def test_a_worker_of_nginx_is_killed_and_another_takes_its_place(host: Host) -> None:
    workers = run("docker", "top", host.container("nginx"), "-eo", "pid,args")
    pids = [int(found) for found in re.findall(r"(\d+)\s+nginx: worker process", workers)]
    with visitors(host) as seen:
        wait_until(lambda: connections(host) > 20, "visitors are there")
        os.kill(pids[0], signal.SIGKILL)
        for _ in range(50):
            assert httpx.get(host.url + "/").status_code == 200
    assert len(seen["wrong"]) <= 24  # each visitor that it had lost one answer


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that may be stopped without harm to others."""
    found = program()
    if os.environ.get("CI") != "true" and (os.geteuid() != 0 or found is None):
        pytest.skip("needs root, and a Docker Engine on this machine, to start another one")
    assert found is not None
    folder = tmp_path_factory.mktemp("engine")
    engine = Engine(folder, found)
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()
        shutil.rmtree(folder)


def test_after_a_restart_of_the_docker_daemon_the_same_colour_serves(
    engine: Engine, releases: Callable[..., str]
) -> None:
    engine.take("nginx:1.30", "certbot/certbot:v5.5.0", releases("v1"), releases("v2"))
    host = Host("kaira-test-daemon", DOCKER_HOST=engine.address, WATCH_SECONDS="1")
    try:
        host.deploy(releases("v1"))
        host.deploy(releases("v2"))
        before = engine.get(host.url + "/health")
        assert '"release":"v2"' in before
        colour = engine.get(host.url + "/")
        engine.stop()
        assert engine.get(host.url + "/") == ""
        engine.start()
        wait_until(lambda: '"release":"v2"' in engine.get(host.url + "/health"), "it is back", 30)
        assert engine.get(host.url + "/") == colour
        assert "--rollback 1" in host.deploy("--status")
    finally:
        host.down()


def kill(host: Host, colour: str) -> None:
    """As the kernel does it: Docker is not told, so it starts the container again."""
    pid = run("docker", "inspect", "-f", "{{.State.Pid}}", host.container(colour))
    os.kill(int(pid), signal.SIGKILL)


def connections(host: Host) -> int:
    """How many the edge has."""
    told = host.execute("nginx", "curl", "-s", "http://127.0.0.1:9145/connections")
    return int(told.split()[2])


def health(host: Host) -> int:
    return httpx.get(host.url + "/health").status_code


def metrics(host: Host) -> str:
    return host.execute("nginx", "curl", "-s", "http://127.0.0.1:9145/metrics")
