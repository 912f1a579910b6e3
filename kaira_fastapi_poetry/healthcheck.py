"""Asks `/health` of the server in the same container: `python -m kaira_fastapi_poetry.healthcheck`.

Exit code 0 if it is well, 1 if not. It runs every few seconds, so it imports next to nothing.
"""

from __future__ import annotations

import os
import socket
import sys


def is_well(port: int) -> bool:
    """Whether the server on this port of this machine answers 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not is_well(int(os.environ.get("PORT", "8000"))))
