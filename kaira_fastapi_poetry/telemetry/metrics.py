"""The metrics of the application, and how they are exposed.

With several workers the values lie in files that all workers share (see `workers`), which
must be arranged before this module is imported: prometheus_client decides at the creation
of a metric where its value lives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector
from prometheus_fastapi_instrumentator import Instrumentator

from kaira_fastapi_poetry.telemetry.certificate import CertificateCollector
from kaira_fastapi_poetry.telemetry.workers import WorkerCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

site_responses = Counter(
    "kaira_site_responses",
    "Responses that came from the site's files, by status code and content coding.",
    ["code", "coding"],
)
site_bytes = Counter(
    "kaira_site_response_bytes",
    "Bytes of bodies that came from the site's files, by content coding.",
    ["coding"],
)
requests_refused = Counter(
    "kaira_requests_refused",
    "Requests that a guard turned away, by reason.",
    ["reason"],
)
log_lines_dropped = Counter(
    "kaira_log_lines_dropped",
    "Log lines that were lost because their reader stalled or the disk was full.",
)
worker_restarts = Counter(
    "kaira_worker_restarts",
    "Workers that ended, whatever the cause; gunicorn starts another in each one's place.",
)


@cache  # statuses and codings are ours, so this is bounded
def site_counters(code: int, coding: str) -> tuple[Counter, Counter]:
    """The counters of the responses and of the bytes for one code and coding."""
    return site_responses.labels(str(code), coding), site_bytes.labels(coding)


def instrument(app: FastAPI) -> None:
    """Count and time the requests of the routes of `app`, labelled with the route's template.

    A method outside the standard ones never comes here (see `guards`), and a path without a
    route is counted as "none": a client cannot make new series.
    """
    Instrumentator(excluded_handlers=["^/metrics$", "^/health$"]).instrument(app)


def exposition(release: str, version: str) -> bytes:
    """All metrics of all workers in Prometheus' text format, and what it is that runs."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(WorkerCollector())
    registry.register(CertificateCollector())
    registry.register(_Release(release, version))
    return generate_latest(registry)


# Private


class _Release(Collector):
    def __init__(self, release: str, version: str) -> None:
        self._told = {"release": release, "version": version}

    def collect(self) -> Iterator[Metric]:
        """Yields the one thing that never changes."""
        yield InfoMetricFamily(
            "kaira_release", "What runs: the release, and the version of Kaira in it.", self._told
        )
