"""One production stack for all tests of the edge that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import need_engine
from tests.edge.stack import ROOT, Stack, run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs an engine."""
    need_engine(item for item in items if "edge" in item.path.parts)


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
