"""How many bytes a first visit takes, on a phone, over the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.running import Server
from tests.browser.conftest import SITE
from tests.browser.tools import TEMPLATES

Visit = Callable[..., Any]

KIB = 1024
# What Lighthouse takes for a phone.
PHONE = {"viewport": {"width": 412, "height": 823}, "device_scale_factor": 1.75}


def weigh(visit: Visit, path: str) -> dict[str, int]:
    """Bytes by URL, as they came over the wire, of a first visit that does not scroll."""
    visit.tolerated.append("Service Worker registration blocked")  # type: ignore[attr-defined]
    page = visit("/offline/", **PHONE, service_workers="block")
    page.context.clear_cookies()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    urls: dict[str, str] = {}
    weights: dict[str, int] = {}
    session.on(
        "Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda e: weights.update({urls.get(e["requestId"], "?"): int(e["encodedDataLength"])}),
    )
    page.goto(path)
    page.wait_for_load_state("networkidle")
    return weights


@pytest.mark.parametrize("path", ["/", "/ko/"])
def test_the_first_page_takes_100_kib_at_most(visit: Visit, path: str) -> None:
    weights = weigh(visit, path)
    assert len(weights) > 8
    assert sum(weights.values()) <= 100 * KIB, sorted(weights.items(), key=lambda each: -each[1])


def test_every_page_takes_250_kib_at_most(visit: Visit) -> None:
    weights = {path: sum(weigh(visit, path).values()) for path in TEMPLATES[2:]}
    assert max(weights.values()) <= 250 * KIB, weights


def test_all_script_takes_15_kb_at_most(visit: Visit, shop: Server) -> None:
    scripts: dict[str, int] = {}
    for path in ("/", "/shop/", "/pieces/long-coat/", "/bag/", "/search/"):
        found = weigh(visit, path)
        scripts |= {url: size for url, size in found.items() if url.endswith(".js")}
    worker = shop.ask("/worker.js", headers={"accept-encoding": "br"})
    assert worker.headers["content-encoding"] == "br"
    scripts["worker.js"] = len(worker.body)
    names = {re.sub(r"\.[0-9a-f]{8}(?=\.js$)", "", url.rpartition("/")[2]) for url in scripts}
    assert names == {path.name for path in SITE.rglob("*.js")}
    assert sum(scripts.values()) <= 15_000, scripts
