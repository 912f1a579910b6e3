"""The markup of every page, as two validators see it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kaira_fastapi_poetry.site import bundle as bundles
from tests.app.running import Server
from tests.browser.tools import tool
from tests.conftest import require


@pytest.fixture(scope="session")
def html(shop: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every page of the pressed site as a file."""
    folder = tmp_path_factory.mktemp("html")
    pressed = bundles.load(shop.folder / "site.bundle")
    bodies = pressed.preload()
    for path, file in pressed.files.items():
        if not path.endswith(".html"):
            continue
        plain = next(each for each in file.variants if each.coding == bundles.IDENTITY)
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bodies[plain.digest])
    assert len(list(folder.rglob("*.html"))) > 100
    return folder


def test_html_validate_has_nothing_to_say(html: Path) -> None:
    require(shutil.which("node"), "Node.js is missing")
    command = ["node", tool("html-validate/bin/html-validate.mjs")]
    (html / ".htmlvalidate.json").write_text(
        json.dumps(
            {
                "root": True,
                "extends": ["html-validate:recommended"],
                "rules": {
                    "long-title": "off",  # a matter of taste
                    "no-trailing-whitespace": "off",  # what templates leave is compressed away
                    "require-sri": "off",  # everything comes from this server
                    "prefer-native-element": ["error", {"exclude": ["listbox", "option"]}],
                },
            }
        )
    )
    done = subprocess.run(
        [*command, "--formatter", "text", str(html)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_nu_checker_has_nothing_to_say(html: Path) -> None:
    require(shutil.which("java"), "Java is missing")
    jar = tool("vnu-jar/build/dist/vnu.jar")
    done = subprocess.run(
        ["java", "-Xss4m", "-jar", str(jar), "--skip-non-html", "--errors-only", str(html)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
