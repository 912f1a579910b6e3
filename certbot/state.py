"""What outlives a restart: when to ask again, how often that failed, what has been proven."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = Path("/etc/letsencrypt/kaira.json")
FACTS = Path("/run/kaira/certificate.json")  # what the application may know of the certificate
ALIVE = Path("/tmp/alive")  # noqa: S108  # touched as long as the keeper runs


@dataclass
class State:
    """Moments are seconds since the epoch."""

    lineage: str = ""  # what all of this is about
    since: float = 0.0  # when it was first wanted
    next_check: float = 0.0
    checked: float = 0.0  # when all was well last
    failures: int = 0  # in a row, at the authority
    error: dict[str, Any] | None = None  # reason, detail and help of the last failure
    without_www_until: float = 0.0
    proven_since: dict[str, float] = field(default_factory=dict)  # by name: HTTPS has worked since

    def save(self) -> None:
        """Write it down, whole or not at all."""
        write(FILE, json.dumps(asdict(self), indent=1))


def load(lineage: str, now: float) -> State:
    """What was written down about this lineage; else a new beginning."""
    try:
        state = State(**json.loads(FILE.read_text()))
        if state.lineage == lineage:
            return state
    except (OSError, ValueError, TypeError):  # none yet, or one that nobody can read
        pass
    return State(lineage, since=now)


def write(path: Path, text: str) -> None:
    """Replace a file by rename: a reader sees the old content or the new."""
    new = path.with_name(f".{path.name}.new")
    with new.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
