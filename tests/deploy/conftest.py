"""A host with two colours, and visitors who never try twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need_engine
from tests.deploy.site import release
from tests.edge.conftest import image as image  # noqa: PLC0414  # the fixture
from tests.edge.stack import ROOT, Stack

COMPOSE = ROOT / "docker-compose.blue-green.yml"
SCRIPT = ROOT / "deploy-blue-green.sh"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs an engine."""
    need_engine(item for item in items if "deploy" in item.path.parts)


class Host(Stack):
    """The stack of docker-compose.blue-green.yml, and the script that deploys to it."""

    def __init__(self, project: str, *overrides: Path, **env: str) -> None:
        super().__init__(project, *overrides, base=COMPOSE, **env)
        self.env |= {
            "COMPOSE_PROJECT_NAME": project,
            "COMPOSE_FILE": ":".join(map(str, [COMPOSE, *overrides])),
            "WATCH_SECONDS": "4",
            "DRAIN_SECONDS": "60",
            **env,
        }

    def container(self, service: str) -> str:
        """`blue`, `green` and `nginx` have names of their own."""
        return f"{self.project}-{service.removeprefix('app-')}"

    def start(self, *arguments: str, script: Path = SCRIPT, **env: str) -> subprocess.Popen[str]:
        """Start the script, as an operator types it."""
        return subprocess.Popen(
            [script, *arguments],
            env={**os.environ, **self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def deploy(self, *arguments: str, code: int = 0, script: Path = SCRIPT, **env: str) -> str:
        """Run the script to its end, which must be `code`; returns what it said."""
        process = self.start(*arguments, script=script, **env)
        said, _ = process.communicate(timeout=280)
        assert process.returncode == code, said
        return said

    def live(self) -> str:
        """The colour that visitors are sent to."""
        there = subprocess.run(
            ["docker", "exec", self.container("nginx"), "test", "-f", "/live/green"], check=False
        )
        return "blue" if there.returncode else "green"

    def journal(self) -> list[dict[str, Any]]:
        """What the script wrote down."""
        return [
            json.loads(line)
            for line in self.execute("nginx", "cat", "/live/deployments.jsonl").splitlines()
        ]

    def down(self) -> None:
        """Stop, and remove everything that it made."""
        self.compose(
            "--profile", "green", "down", "-v", "--timeout", "3", "--remove-orphans", check=False
        )


@contextmanager
def visitors(host: Host) -> Iterator[dict[str, Any]]:
    """Load while the block runs; afterwards the dictionary says what came of it."""
    found: dict[str, Any] = {}
    command = [sys.executable, "-m", "tests.deploy.load", str(host.port), "localhost", "900"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        found |= json.loads(output)


@pytest.fixture(scope="session")
def releases(image: str) -> Callable[..., str]:
    """Makes the image of a release, once each."""
    made: dict[str, str] = {}

    def make(name: str, *lines: str, **options: Any) -> str:
        if name not in made:
            made[name] = release(name, *lines, **options)
        return made[name]

    return make


@pytest.fixture(scope="module")
def host(releases: Callable[..., str]) -> Iterator[Host]:
    """A host where release v1 serves."""
    host = Host("kaira-test-deploy")
    host.down()
    try:
        host.deploy(releases("v1"))
        yield host
    finally:
        host.down()
