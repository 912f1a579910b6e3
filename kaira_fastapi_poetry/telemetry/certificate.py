"""The certificate that the edge shows, as far as whoever keeps it has written it down.

Behind the production compose file that is certbot's container (`certbot/publish.py`); elsewhere
there is no such file, and nothing is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

FILE = Path("/run/kaira/certificate.json")


@dataclass(frozen=True)
class Certificate:
    """The names that it is for, when it ends, and when it was issued if that is told."""

    names: list[str]
    expires: datetime
    issued: datetime | None


def certificate() -> Certificate | None:
    """The certificate in use; None if there is none, or nothing sensible is said of it."""
    try:
        told = json.loads(FILE.read_bytes())
        expires = datetime.fromisoformat(told["expires"])
        issued = datetime.fromisoformat(told["issued"]) if "issued" in told else None
        names = [str(name) for name in told["names"]]
    except (OSError, ValueError, TypeError, LookupError):
        return None
    if not expires.tzinfo or (issued and not issued.tzinfo):
        return None
    return Certificate(names, expires, issued)


class CertificateCollector(Collector):
    """When the certificate ends, and when it began: how few days are few depends on its life."""

    def collect(self) -> Iterator[Metric]:
        """Yields nothing where there is no certificate."""
        if found := certificate():
            yield GaugeMetricFamily(
                "kaira_certificate_expiry_timestamp_seconds",
                "When the certificate that the edge shows expires, in seconds since the epoch.",
                value=found.expires.timestamp(),
            )
            if found.issued:
                yield GaugeMetricFamily(
                    "kaira_certificate_issued_timestamp_seconds",
                    "When that certificate began to be valid, in seconds since the epoch.",
                    value=found.issued.timestamp(),
                )
