"""The image, by itself."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from tests.edge.stack import free_port, run, wait_until

BASE = "python:3.14-slim"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def alone(image: str) -> Iterator[tuple[str, str]]:
    """A container of the image with a read-only root and nothing else: (name, URL)."""
    port, name = free_port(), "kaira-test-alone"
    options = ("--read-only", "--cap-drop", "ALL", "-p", f"127.0.0.1:{port}:80")
    with started(image, name, *options):
        yield name, f"http://127.0.0.1:{port}"


@contextmanager
def started(image: str, name: str, *options: str) -> Iterator[None]:
    """A container of the image, once it is well; removed at the end."""
    run("docker", "rm", "-f", name, check=False)
    try:
        run("docker", "run", "-d", "--name", name, *options, image)
        wait_until(lambda: health(name) == "healthy", "the container is healthy")
        yield
    finally:
        run("docker", "rm", "-f", name, check=False)


def health(name: str) -> str:
    return run("docker", "inspect", "-f", "{{.State.Health.Status}}", name).strip()


def size(image: str) -> int:
    return int(run("docker", "image", "inspect", "-f", "{{.Size}}", image))


def test_it_is_at_most_60_mb_more_than_its_base(image: str) -> None:
    more = (size(image) - size(BASE)) / MEGABYTE
    print(f"{more:.1f} MB more than {BASE}")
    assert more <= 60


def test_it_serves_the_whole_site_by_itself_on_a_read_only_root(alone: tuple[str, str]) -> None:
    name, url = alone
    paths = run(
        "docker", "exec", name, "python", "-c",
        "import urllib.request as r; print(r.urlopen('http://127.0.0.1/_paths').read().decode())",
    ).split()  # fmt: skip
    assert "/" in paths and "/ko/" in paths
    for path in paths:
        assert httpx.get(url + path).status_code == 200, path


def test_it_says_which_release_it_is(alone: tuple[str, str], image: str) -> None:
    assert httpx.get(alone[1] + "/health").json()["release"] == "test"
    labels = json.loads(run("docker", "image", "inspect", "-f", "{{json .Config.Labels}}", image))
    assert labels["org.opencontainers.image.version"] == "test"


def test_it_runs_as_an_ordinary_user(alone: tuple[str, str]) -> None:
    assert run("docker", "exec", alone[0], "id", "-u").strip() == "10001"


@pytest.mark.parametrize("tool", ["pip", "pip3", "poetry", "gcc", "cc", "make", "git"])
def test_nothing_in_it_can_build_or_install(alone: tuple[str, str], tool: str) -> None:
    assert not run("docker", "exec", alone[0], "sh", "-c", f"command -v {tool}", check=False)


@pytest.mark.parametrize("module", ["pip", "ensurepip", "poetry", "jinja2", "brotli", "rich"])
def test_no_library_of_the_build_is_in_it(alone: tuple[str, str], module: str) -> None:
    probe = f"import importlib.util as u; print(u.find_spec('{module}'))"
    assert run("docker", "exec", alone[0], "python", "-c", probe).strip() == "None"


def test_the_sources_of_the_site_are_not_in_it(alone: tuple[str, str]) -> None:
    assert run("docker", "exec", alone[0], "ls", "/srv").split() == ["site.bundle"]


def test_it_stops_within_the_time_that_docker_grants(image: str) -> None:
    name = "kaira-test-stop"
    with started(image, name):
        run("docker", "stop", name)
        assert run("docker", "inspect", "-f", "{{.State.ExitCode}}", name).strip() == "0"


def test_it_listens_where_port_says_and_as_whoever_a_platform_runs_it(image: str) -> None:
    # Not every platform lets an ordinary user have port 80, and Heroku's user is of its choice.
    port, name = free_port(), "kaira-test-platform"
    options = (
        "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "54321:54321",
        "--sysctl", "net.ipv4.ip_unprivileged_port_start=1024",
        "--env", "PORT=8080", "-p", f"127.0.0.1:{port}:8080",
    )  # fmt: skip
    with started(image, name, *options):
        assert httpx.get(f"http://127.0.0.1:{port}/ko/").status_code == 200


def test_a_request_in_flight_is_answered_when_the_platform_says_sigterm(image: str) -> None:
    port, name = free_port(), "kaira-test-sigterm"
    options = ("--read-only", "--tmpfs", "/tmp", "--env", "PORT=8080")
    with started(image, name, *options, "-p", f"127.0.0.1:{port}:8080"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as visitor:
            visitor.sendall(b"GET /ko/ HTTP/1.1\r\nHost: x\r\n")  # and its end comes later
            run("docker", "kill", "--signal", "TERM", name)
            time.sleep(1)
            visitor.sendall(b"\r\n")
            assert visitor.makefile("rb").read(15) == b"HTTP/1.1 200 OK"
        assert run("docker", "wait", name).strip() == "0"


def test_a_bad_setting_ends_the_start_with_one_line(image: str) -> None:
    command = f"docker run --rm -e PORT=http {image} 2>&1; true"
    assert run("sh", "-c", command).splitlines() == [
        "kaira: PORT: got 'http', takes a whole number from 0 to 65535"
    ]


def test_another_page_rebuilds_nothing_but_the_site(image: str, tmp_path: object) -> None:
    probe = f"{tmp_path}/context"
    run("sh", "-c", f"mkdir {probe} && git ls-files -z | xargs -0 cp --parents -pt {probe}")
    build = ("docker", "build", "--progress", "plain", "-f", f"{probe}/Dockerfile.prod", probe)
    run(*build)
    run("sh", "-c", f"echo '<!-- {uuid4()} -->' >> {probe}/kaira-1.0.0/about/index.html")
    done = run("sh", "-c", " ".join(build) + " 2>&1").splitlines()
    steps = {line.split()[0]: line for line in done if " [" in line and " RUN " in line}
    cached = {line.split()[0] for line in done if line.endswith("CACHED")}
    ran = [line for step, line in steps.items() if step not in cached]
    assert all("kaira press" in line for line in ran), ran
    assert ran
