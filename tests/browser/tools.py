"""The judges from npm, and the pages that they judge: one of each kind, in both languages."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conftest import require

KINDS = [
    "/",
    "/shop/",
    "/shop/coats/",
    "/shop/coats/price-up/",
    "/shop/colour/moss/",
    "/shop/dresses/colour/moss/",
    "/shop/size/m/",
    "/shop/price/250000-400000/",
    "/shop/sort/price-up/",
    "/pieces/long-coat/",
    "/pieces/half-moon-bag/",
    "/lookbook/",
    "/journal/",
    "/journal/washing-wool/",
    "/about/",
    "/visit/",
    "/help/",
    "/privacy/",
    "/bag/",
    "/wishlist/",
    "/search/",
    "/404.html",
    "/offline/",
    "/maintenance/",
]
TEMPLATES = [f"{prefix}{path}" for path in KINDS for prefix in ("", "/ko")]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kaira"
NODE_MODULES = CACHE / "browser-tools" / "node_modules"


def tool(path: str) -> Path:
    """A file of an npm package that `make browser-tools` has brought; skips where it is missing."""
    found = NODE_MODULES / path
    require(found.exists(), f"{path.partition('/')[0]} is missing; `make browser-tools`")
    return found
