"""The site of this repository: as it stands in its folder, and as the press leaves it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kaira_fastapi_poetry.site import bundle as bundles
from tests.site_content.site_pages import Page, Pressed

SITE = Path(__file__).parents[2] / "kaira-1.0.0"


@pytest.fixture(scope="session")
def site() -> Path:
    return SITE


@pytest.fixture(scope="session")
def configuration(site: Path) -> dict[str, Any]:
    return tomllib.loads((site / "site.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pressed(configuration: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Pressed:
    press = pytest.importorskip("kaira_fastapi_poetry.press.press").press
    directory = tmp_path_factory.mktemp("site") / "bundle"
    press(SITE, directory)
    return Pressed(bundles.load(directory), configuration["languages"])


@pytest.fixture(scope="session")
def pages(pressed: Pressed) -> list[Page]:
    return list(pressed.pages())
