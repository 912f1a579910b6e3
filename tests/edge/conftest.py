"""One production stack for all tests of the edge that leave it as it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.edge.stack import ROOT, Stack, run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs an engine."""
    if os.environ.get("CI") == "true":
        return
    there = subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    if not there:
        reason = "needs a Docker Engine: `docker info` does not answer (`make lab` brings one up)"
        for item in items:
            if "edge" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built as an operator builds it."""
    name = "kaira-server:test"
    run("docker", "build", "-f", str(ROOT / "Dockerfile.prod"), "--build-arg", "RELEASE=test",
        "-t", name, str(ROOT))  # fmt: skip
    return name


@pytest.fixture(scope="session")
def stack(image: str) -> Iterator[Stack]:
    """The whole stack with nothing set."""
    stack = Stack("kaira-test")
    stack.down()
    try:
        stack.up()
        stack.wait_until_warm()
        yield stack
    finally:
        stack.down()
