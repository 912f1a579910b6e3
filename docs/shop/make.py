"""Take the pictures of the shop that lie beside this file.

    .venv/bin/python docs/shop/make.py

needs Chromium; runs from the top of the repository.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.app.running import kaira, serving  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402

DESK, TABLET, PHONE = (1440, 900), (768, 1024), (390, 844)
SHOTS = {
    "home": ("/", DESK, "light"),
    "list": ("/shop/", DESK, "light"),
    "piece": ("/pieces/cardigan/", DESK, "light"),
    "list-phone-ko": ("/ko/shop/dresses/", PHONE, "light"),
    "piece-phone-ko-dark": ("/ko/pieces/pleated-skirt/", PHONE, "dark"),
    "lookbook-tablet": ("/lookbook/", TABLET, "light"),
}


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "kaira-1.0.0", folder / "site")
        kaira("press", folder=folder, SITE_DIR="site").check_returncode()
        with serving(folder, SITE_DIR="site") as server, sync_playwright() as p:
            browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for shot, (path, (width, height), scheme) in SHOTS.items():
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    device_scale_factor=2 if width < 500 else 1,
                )
                page.goto(server.base + path)
                page.goto(server.base + path)  # the faces are in the cache now
                page.wait_for_load_state("networkidle")
                target = Path(__file__).parent / f"{shot}.jpg"
                page.screenshot(path=target, type="jpeg", quality=72)
                print(f"{target.name}: {target.stat().st_size:,} bytes")
                page.close()
            browser.close()


if __name__ == "__main__":
    main()
