"""One real site for all tests of its logs, deployed as an operator does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import need_engine
from tests.deploy.conftest import Host
from tests.edge.stack import ROOT, run

IMAGE = "kaira-server:logs"
DOMAIN = "shop.example"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that are marked need an engine."""
    mine = [item for item in items if "logs" in item.path.parts and "docker" in item.keywords]
    need_engine(mine, "nginx:1.30", "certbot/certbot:v5.5.0", "python:3.14-slim")


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built as an operator builds it."""
    run("docker", "build", "-f", str(ROOT / "Dockerfile.prod"), "--build-arg", "RELEASE=test",
        "-t", IMAGE, str(ROOT))  # fmt: skip
    return IMAGE


@pytest.fixture(scope="session")
def site(image: str) -> Iterator[Host]:
    """Edge, certbot and application with a name, which the script has deployed."""
    host = Host("kaira-logs", DOMAIN=DOMAIN, KAIRA_IMAGE=image, WATCH_SECONDS="1", RATE_LIMIT="5")
    host.down()
    try:
        host.deploy(image)
        yield host
    finally:
        host.down()
