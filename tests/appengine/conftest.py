"""One prepared upload for all tests here; they leave it as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appengine.upload import checkout, make, uploaded
from tests.conftest import need_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The container needs an engine."""
    need_engine(
        (item for item in items if item.path.name == "test_container.py"
         and item.path.parent.name == "appengine"), "python:3.14-slim",
    )  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """folder: where `make appengine` ran; files: what gcloud takes of it; said: by make."""

    folder: Path
    files: set[str]
    said: str


@pytest.fixture(scope="session")
def upload(tmp_path_factory: pytest.TempPathFactory) -> Upload:
    """A checkout after `make appengine`."""
    folder = checkout(tmp_path_factory.mktemp("appengine") / "checkout")
    done = make(folder, "appengine")
    assert done.returncode == 0, done.stderr
    return Upload(folder, uploaded(folder, tmp_path_factory.mktemp("git")), done.stdout)
