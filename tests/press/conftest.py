"""A small site in a folder, pressed for real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.press.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty site."""
    (tmp_path / "site").mkdir()
    return Folder(tmp_path / "site", tmp_path / "site.bundle")


@pytest.fixture
def pressed(folder: Folder) -> Callable[..., Folder]:
    """Press a site with these files."""
    return folder.press
