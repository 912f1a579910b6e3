"""The scripts of infra/delivery, as they stand, and what they talk to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import need_engine
from tests.delivery.server import Server
from tests.edge.stack import ROOT

IMAGE = "ghcr.io/you/kaira@sha256:" + "5e" * 32


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To build takes an engine, and to push a registry."""
    need_engine((item for item in items if item.path.name == "test_build.py"), "registry:2")


def script(name: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one of them to its end, with nothing of our environment but PATH."""
    return subprocess.run(
        [ROOT / "infra/delivery" / name, *arguments],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def line(done: subprocess.CompletedProcess[str]) -> str:
    """What it said of itself, which must be one line."""
    (only,) = done.stderr.splitlines()
    return only


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripts are told to put what is only theirs."""
    return tmp_path_factory.mktemp("private")


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory, private: Path) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), private)
    yield server
    server.stop()


@pytest.fixture
def server(one_server: Server) -> Iterator[Server]:
    """A server that has not been asked for anything yet."""
    one_server.forget()
    one_server.answer("==>   31.4 s  done: v2 serves as green")
    return one_server


@pytest.fixture
def settings(server: Server, private: Path) -> dict[str, str]:
    """All that is set for a deployment to it, and well."""
    return {
        "DEPLOY_HOST": "127.0.0.1",
        "DEPLOY_PORT": str(server.port),
        "DEPLOY_KEY": server.key,
        "DEPLOY_KNOWN_HOSTS": server.known_hosts,
        "SITE_URL": "https://shop.example.com",
        "TMPDIR": str(private),
    }
