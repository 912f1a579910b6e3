"""What the tests beside a real site need."""

from __future__ import annotations

import pytest

from tests.conftest import need_engine
from tests.https.conftest import PARTS as HTTPS_PARTS

PARTS = [
    "prom/prometheus:v3.13.3-busybox", "prom/alertmanager:v0.33.1", "prom/node-exporter:v1.11.1",
    "nginx/nginx-prometheus-exporter:1.5.1", "prom/blackbox-exporter:v0.28.0", "python:3.14-slim",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those need an engine and the parts of the lab."""
    mine = [item for item in items if "monitoring" in item.path.parts and "docker" in item.keywords]
    need_engine(mine, *PARTS)
    secure = [item for item in mine if item.path.stem == "test_expressions"]
    need_engine(secure, *HTTPS_PARTS)
