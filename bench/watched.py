"""What it costs to be watched: the site with docker-compose.monitoring.yml beside it.

One stack, with its monitoring let run and held still in turn, so that nothing else differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

from bench.contestants import (
    JSON_ROUTE,
    PROJECT,
    ROOT,
    FailedError,
    docker,
    free_port,
    require_docker,
)
from bench.memory import megabytes
from bench.runner import SERVER_CORE, Result, load

WATCHED, ALONE = "with monitoring", "without"
SECONDS = 31  # two scrapes of every target, two evaluations of all rules
SETTLE = 20  # seconds before each round: what is let go catches up first
WARM_UP = 3
IDLE_SECONDS = 60
# Grafana works when somebody looks at it.
SERVICES = ("prometheus", "alertmanager", "node-exporter", "containers", "nginx-exporter",
            "blackbox")  # fmt: skip


def watched(
    image: str, *, rounds: int, tell: Callable[[str], None]
) -> tuple[list[Result], dict[str, float]]:
    """Requests a second for a route of the application, through the edge, both on one core; and
    the MB (a million bytes) that each watching service takes when nobody asks for anything.

    The monitoring has that core too, so that whatever it takes is missing there. Raises
    MissingError if this machine lacks what is needed, FailedError if a stack does not start,
    WrongAnswerError if a request fails.
    """
    require_docker()
    docker("image", "inspect", *_images())
    tell("monitoring: starting the site and what watches it")
    with _stacks(image) as (url, watchers):
        time.sleep(IDLE_SECONDS)
        memory = _memory(watchers)
        found: dict[str, list[float]] = {WATCHED: [], ALONE: []}
        for number in range(1, rounds + 1):
            found[WATCHED].append(_round(url))
            with _paused(watchers):
                found[ALONE].append(_round(url))
            told = ", ".join(f"{name} {each[-1]:,.0f}" for name, each in found.items())
            tell(f"monitoring, round {number} of {rounds}: {told}")
        return [Result(name, each) for name, each in found.items()], memory


# Private


def _round(url: str) -> float:
    time.sleep(SETTLE)
    load(url, WARM_UP)
    return load(url, SECONDS)


@contextmanager
def _paused(containers: list[str]) -> Iterator[None]:
    docker("pause", *containers)
    try:
        yield
    finally:
        docker("unpause", *containers)


@contextmanager
def _stacks(image: str) -> Iterator[tuple[str, list[str]]]:
    """The address of the route, and the containers that watch."""
    site = f"{PROJECT}-{free_port()}"
    env = {
        "HTTP_PORT": str(free_port()),
        "PROMETHEUS_PORT": str(free_port()),
        "ALERTMANAGER_PORT": str(free_port()),
        "KAIRA_IMAGE": image,
        "KAIRA_PROJECT": site,
        "RATE_LIMIT": "1000000",
        "WEB_CONCURRENCY": "1",
        "GRAFANA_ADMIN_PASSWORD": "not started",
        "HOST_MOUNT": "ro",
    }
    files = {site: "docker-compose.prod.yml", f"{site}-watch": "docker-compose.monitoring.yml"}
    try:
        for project, file in files.items():
            services = SERVICES if file.endswith("monitoring.yml") else ()
            _compose(project, file, env, "up", "-d", "--wait", "--no-build", *services)
        names = {
            project: _compose(project, file, env, "ps", "--format", "{{.Name}}").split()
            for project, file in files.items()
        }
        docker("update", f"--cpuset-cpus={SERVER_CORE}", *names[site], *names[f"{site}-watch"])
        form = f'{{{{(index .NetworkSettings.Networks "{site}_public").IPAddress}}}}'
        address = docker("inspect", "--format", form, f"{site}-nginx").strip()
        _wait(address)
        yield f"http://{address}/{JSON_ROUTE}", names[f"{site}-watch"]
    finally:
        for project, file in reversed(files.items()):
            _compose(project, file, env, "down", "-v", "--timeout", "3", check=False)


def _memory(containers: list[str]) -> dict[str, float]:
    printed = docker("stats", "--no-stream", "--format", "{{json .}}", *containers)
    stats = [json.loads(line) for line in printed.splitlines()]
    return {each["Name"].split("-watch-")[1][:-2]: megabytes(each["MemUsage"]) for each in stats}


def _images() -> list[str]:
    told = _compose(PROJECT, "docker-compose.monitoring.yml",
                    {"GRAFANA_ADMIN_PASSWORD": "-"}, "config", "--images")  # fmt: skip
    return [image for image in told.split() if not image.startswith("grafana/")]


def _wait(address: str) -> None:
    """Until the route answers there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        connection = HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", f"/{JSON_ROUTE}")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    raise FailedError(f"the site does not answer at {address}")


def _compose(
    project: str, file: str, env: dict[str, str], *arguments: str, check: bool = True
) -> str:
    done = subprocess.run(
        ["docker", "compose", "-f", file, "-p", project, *arguments],
        cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True,
        check=False, timeout=180,
    )  # fmt: skip
    if done.returncode and check:
        raise FailedError(f"docker compose {arguments[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout
