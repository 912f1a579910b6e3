"""The story needs an engine, and what the lab makes."""

from __future__ import annotations

import pytest

from tests.conftest import need_engine
from tests.rehearsal.cloud import CERTBOT, NGINX

PARTS = ["kaira-lab/server", "kaira-lab/pebble", "kaira-lab/tls", "registry:2", CERTBOT, NGINX]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip it where one is missing, on a user's machine."""
    mine = [item for item in items if "rehearsal" in item.path.parts]
    need_engine([item for item in mine if "docker" in item.keywords], *PARTS)
