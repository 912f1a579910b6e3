"""One JSON object a line on stdout, with the names that the application uses."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def line(level: str, event: str, **fields: object) -> None:
    """Write one line; what is None is left out."""
    told = {"timestamp": iso(), "level": level, "event": event, **fields}
    print(json.dumps({key: value for key, value in told.items() if value is not None}), flush=True)


def iso(seconds: float | None = None) -> str:
    """A moment in ISO 8601, UTC; now, if none is given."""
    moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
