"""What visitors lose while a new version takes the place of the old one.

Each way to deploy has a host of its own: a compose project with the real image of the shop. In
turn each deploys once under the load of bench/visitors.py, in every round another release.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.contestants import (
    PROJECT,
    ROOT,
    FailedError,
    docker,
    free_port,
    require_docker,
)
from bench.runner import LOAD_CORE
from bench.visitors import ROUTE

BEFORE, AFTER = 2.0, 3.0  # seconds of load around a deployment
PATIENCE = 120.0  # seconds until the new release must answer
PROD = "docker-compose.prod.yml"
RELOAD = ROOT / "bench/peers/reload"


@dataclass(frozen=True)
class Host:
    """port: where visitors are; deploy: the command, but for the image at its end; image: the
    variable that names the image instead, where the command takes none.
    """

    port: int
    deploy: tuple[str, ...]
    env: dict[str, str]
    image: str = ""


@dataclass(frozen=True)
class Way:
    """How one deploys: a name for the table, and a host on which that is the way.

    start: brings up the host, where the release of this image serves, until the context ends.
    """

    name: str
    start: Callable[[str], AbstractContextManager[Host]]


@dataclass(frozen=True)
class Deployment:
    """What came of one: sent and lost by kind ("page", "route"), why they were lost, and seconds
    from the image present to the first answer of the new release.
    """

    sent: dict[str, int]
    lost: dict[str, int]
    why: dict[str, int]
    seconds: float

    @property
    def all_lost(self) -> int:
        """Of whatever kind."""
        return sum(self.lost.values())


@dataclass(frozen=True)
class Record:
    """All the deployments of one way."""

    name: str
    rounds: list[Deployment]

    def middle(self, figure: Callable[[Deployment], float]) -> tuple[float, float, float]:
        """A figure of all rounds: (lowest, median, highest)."""
        values = [figure(each) for each in self.rounds]
        return min(values), median(values), max(values)

    def reasons(self) -> Counter[str]:
        """Why requests were lost, all rounds together."""
        return sum((Counter(each.why) for each in self.rounds), Counter())


def all_ways() -> list[Way]:
    """Everyone, in the order of the table."""
    return [
        Way("./deploy-blue-green.sh", _blue_green),
        Way("nginx -s reload", _reload),
        Way("nginx -s reload, with keepalive_min_timeout", _patient_reload),
        Way("docker compose up -d --force-recreate", _recreate),
    ]


def deployments(ways: list[Way], *, rounds: int, tell: Callable[[str], None]) -> list[Record]:
    """Deploy so often in each way, in turn.

    Raises MissingError where there is no Docker, FailedError if something does not start.
    """
    require_docker()
    releases = ("bench-one", "bench-two")
    tell("deployments: building two releases, and starting the hosts")
    for release in releases:
        docker("build", "-q", "-f", "Dockerfile.prod", "--build-arg", f"RELEASE={release}",
               "-t", _image(release), ".")  # fmt: skip
    done: dict[Way, list[Deployment]] = {way: [] for way in ways}
    with ExitStack() as stack:
        hosts = {way: stack.enter_context(way.start(_image(releases[0]))) for way in ways}
        for number in range(1, rounds + 1):
            for way, host in hosts.items():
                done[way].append(_deploy_under_load(host, releases[number % 2]))
            told = ", ".join(f"{way.name} {each[-1].all_lost}" for way, each in done.items())
            tell(f"deployments, round {number} of {rounds}, requests lost: {told}")
    return [Record(way.name, each) for way, each in done.items()]


def outcome(printed: str, release: str, began: float) -> Deployment:
    """What the visitors have told. Raises FailedError if they have not seen the release."""
    told = json.loads(printed)
    if release not in told["releases"]:
        raise FailedError(f"no visitor has seen release {release}")
    why: Counter[str] = sum((Counter(each) for each in told["lost"].values()), Counter())
    lost = {kind: sum(each.values()) for kind, each in told["lost"].items()}
    return Deployment(told["sent"], lost, dict(why), told["releases"][release] - began)


# Private


def _image(release: str) -> str:
    return f"kaira-server:{release}"


def _deploy_under_load(host: Host, release: str) -> Deployment:
    visitors = subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, sys.executable, "-m", "bench.visitors", str(host.port)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        time.sleep(BEFORE)
        began = time.monotonic()
        _deploy(host, _image(release))
        _wait_for(lambda: _release(host.port) == release, f"release {release} answers")
        time.sleep(AFTER)
        visitors.send_signal(signal.SIGTERM)
        printed, _ = visitors.communicate(timeout=60)
    finally:
        visitors.kill()
    return outcome(printed, release, began)


def _deploy(host: Host, image: str) -> None:
    if host.image:
        _run(*host.deploy, env=host.env | {host.image: image})
    else:
        _run(*host.deploy, image, env=host.env)


def _run(*command: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise FailedError(f"{' '.join(command[:3])}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _release(port: int) -> str:
    """Which release answers; none if nobody does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{ROUTE}", timeout=2) as answer:
            return str(json.load(answer)["release"])
    except OSError:
        return ""


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise FailedError(f"after {PATIENCE:.0f} s still not: {what}")
        time.sleep(0.2)


@contextmanager
def _blue_green(image: str) -> Iterator[Host]:
    with _project("blue-green") as (port, env):
        host = Host(port, ("./deploy-blue-green.sh",), env)
        try:
            _deploy(host, image)
            yield host
        finally:
            _down("docker-compose.blue-green.yml", env, "--profile", "green")


@contextmanager
def _recreate(image: str) -> Iterator[Host]:
    with _project("recreate") as (port, env):
        compose = ("docker", "compose", "-f", PROD)
        command = (*compose, "up", "-d", "--force-recreate", "app")
        try:
            _run(*compose, "up", "-d", "--wait", "--no-build", env=env | {"KAIRA_IMAGE": image})
            edge = f"{env['COMPOSE_PROJECT_NAME']}-nginx"
            _wait_for(
                lambda: ".etag" in docker("exec", edge, "ls", "/var/cache/kaira/lists"),
                "the edge has fetched the site",
            )
            yield Host(port, command, env, "KAIRA_IMAGE")
        finally:
            _down(PROD, env)


@contextmanager
def _reload(image: str) -> Iterator[Host]:
    with _reloading("reload", "", image) as host:
        yield host


@contextmanager
def _patient_reload(image: str) -> Iterator[Host]:
    """A worker that is to end keeps its connections for as long as they may be idle anyway."""
    with _reloading("patient-reload", "keepalive_min_timeout 65s;\n", image) as host:
        yield host


@contextmanager
def _reloading(name: str, more: str, image: str) -> Iterator[Host]:
    with _project(name) as (port, env), tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "server.more").write_text(more)
        env |= {"CONFIGURATION": folder}
        host = Host(port, (str(RELOAD / "deploy.sh"),), env)
        try:
            _deploy(host, image)
            yield host
        finally:
            _down(str(RELOAD / "compose.yml"), env)


@contextmanager
def _project(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """A port and an environment of its own; in the end its names of images go."""
    port = free_port()
    project = f"{PROJECT}-{name}-{port}"
    env = {"COMPOSE_PROJECT_NAME": project, "HTTP_PORT": str(port), "RATE_LIMIT": "1000000"}
    try:
        yield port, env
    finally:
        names = docker("images", "--format", "{{.Repository}}:{{.Tag}}", f"{project}-server")
        if names:
            docker("image", "rm", *names.split())


def _down(file: str, env: dict[str, str], *options: str) -> None:
    _run("docker", "compose", "-f", file, *options, "down", "-v", "--timeout", "3",
         "--remove-orphans", env=env)  # fmt: skip
