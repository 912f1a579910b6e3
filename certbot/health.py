"""The container's health: is the certificate in use young enough, and does the keeper live?

Exit code 1, with one line, if not. Measured by the certificate's own lifetime: it is renewed
with a third of it left (half of a life of less than ten days), so with a sixth left renewal has
been failing for long. Without a certificate it is unwell a day after it was first wanted.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

from state import ALIVE, FACTS, FILE

DAY = 86400
SILENT = 600  # seconds; certbot itself is given five minutes
NEAR_END = 1 / 6


def trouble(now: float) -> str | None:
    """What is wrong; None if nothing is."""
    if not ALIVE.exists() or now - ALIVE.stat().st_mtime > SILENT:
        return "the keeper hangs"
    if not FACTS.exists():
        since = json.loads(FILE.read_text())["since"] if FILE.exists() else now
        return "no certificate for a day" if now - since > DAY else None
    facts = json.loads(FACTS.read_text())
    issued, expires = (
        datetime.fromisoformat(facts[key]).timestamp() for key in ("issued", "expires")
    )
    if expires - now < (expires - issued) * NEAR_END:
        return f"the certificate expires {facts['expires']} and is not renewed"
    return None


if __name__ == "__main__":
    if wrong := trouble(time.time()):
        sys.exit(wrong)
