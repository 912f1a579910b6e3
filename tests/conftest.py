"""What all tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import http_table, soak
from tests.app.running import Server, kaira, serving, write

# Each of these has whole stacks under load for minutes, for which two cores are just enough: they
# take turns.
TURNS = {"deploy", "https", "logs", "monitoring"}


class Folders(LoadScopeScheduling):
    """`make test` runs two folders at a time. (`--dist loadgroup` does nothing with pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.split("/")[1]
        return "turns" if folder in TURNS else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Folders:
    """Called by pytest-xdist."""
    return Folders(config, log)


def require(condition: object, reason: str) -> None:
    """Skip a test where the machine lacks what it needs; in CI nothing may be lacking."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


def need_engine(items: Iterable[pytest.Item], *images: str) -> None:
    """Have these tests skipped where no engine answers or an image is not there; not in CI."""
    items = list(items)
    if os.environ.get("CI") == "true" or not items:
        return
    reason = None
    if _fails("docker", "info"):
        reason = "needs a Docker Engine: `docker info` does not answer (`make lab` brings one up)"
    elif missing := [each for each in images if _fails("docker", "image", "inspect", each)]:
        reason = f"needs the image {missing[0]} (`make lab` brings it)"
    for item in items if reason else ():
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def soaked(request: pytest.FixtureRequest) -> Iterator[list[soak.Row]]:
    """What is told of by `make soak`, which writes it down only if all went well."""
    rows: list[soak.Row] = []
    yield rows
    if "SOAK_PAGE" in os.environ and not request.session.testsfailed:
        print(soak.write(rows))


@pytest.fixture(scope="session")
def table_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the HTTP table is asked of; not pressed."""
    return write(tmp_path_factory.mktemp("table") / "site", http_table.SITE, http_table.MODIFIED)


@pytest.fixture(scope="session")
def plain_server(table_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`uvicorn main:app` on the folder as it lies there. Tests leave it as it was."""
    site = write(tmp_path_factory.mktemp("plain") / "site", http_table.SITE, http_table.MODIFIED)
    with serving(site.parent, http_table.UVICORN, SITE_DIR="site") as server:
        yield server


@pytest.fixture(scope="session")
def pressed_server(table_site: Path) -> Iterator[Server]:
    """`kaira serve` with two workers on the pressed folder. Tests leave it as it was."""
    folder = table_site.parent
    done = kaira("press", folder=folder, SITE_DIR="site")
    assert done.returncode == 0, done.stderr
    with serving(folder, SITE_DIR="site", WEB_CONCURRENCY="2") as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers in the test's own folder and stops them at its end."""
    servers: list[Server] = []

    def start_server(
        command: list[str] | None = None, *, wait: bool = True, **variables: str
    ) -> Server:
        server = Server(tmp_path, command, **variables)
        servers.append(server)
        return server.wait() if wait else server

    yield start_server
    for server in servers:
        server.stop()


# Private


def _fails(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return True
    return bool(subprocess.run(command, capture_output=True, check=False).returncode)
