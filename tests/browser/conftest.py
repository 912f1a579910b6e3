"""The shop in a real browser: pressed, served by `kaira serve`, visited with Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.running import Server, kaira, serving
from tests.conftest import require

SITE = Path(__file__).parents[2] / "kaira-1.0.0"

# Chromium asks for pages of its own otherwise, and cannot have a sandbox as root.
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]

# Chromium drops what it is fetching when the machine gets an interface, as it does with each
# container that is started beside these tests. That says nothing of the page.
DROPPED = "net::ERR_NETWORK_CHANGED"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with the site of this repository."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(SITE, folder / "site")
    done = kaira("press", folder=folder, SITE_DIR="site")
    assert done.returncode == 0, done.stderr
    with serving(folder, SITE_DIR="site", WEB_CONCURRENCY="1") as server:
        yield server


@pytest.fixture(scope="package")  # it holds the thread's event loop
def chromium() -> Iterator[Any]:
    """The browser itself."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    require(path, "there is no Chromium on this machine (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, shop: Server) -> Iterator[Callable[..., Any]]:
    """Opens a page of the shop for a new visitor; `context` has Playwright's options.

    What a page writes to the console, or what its policy refuses, fails the test, unless a
    part of it is in `visit.tolerated`.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_page(path: str = "/", *, before: str | None = None, **context: Any) -> Any:
        visitor = chromium.new_context(
            base_url=shop.base,
            viewport=context.pop("viewport", {"width": 1280, "height": 900}),
            reduced_motion="reduce",
            **context,
        )
        contexts.append(visitor)
        if before:
            visitor.add_init_script(before)
        page = visitor.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        _go(page, path, complaints)
        return page

    tolerated: list[str] = []
    open_page.tolerated = tolerated  # type: ignore[attr-defined]
    yield open_page
    for each in contexts:
        each.close()
    tolerated.append(DROPPED)
    assert not [each for each in complaints if not any(text in each for text in tolerated)]


# Private


def _go(page: Any, path: str, complaints: list[str], tries: int = 3) -> None:
    """Open a page with all that belongs to it, once more where the machine dropped something."""
    known = len(complaints)
    for left in reversed(range(tries)):
        del complaints[known:]
        try:
            page.goto(path)
        except Exception as error:
            if DROPPED not in str(error) or not left:
                raise
            continue
        if not any(DROPPED in each for each in complaints[known:]):
            return
