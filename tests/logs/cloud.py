"""AWS as `moto` plays it, in a process of its own; and a client that can be called from anywhere.

python -m tests.logs.cloud PORT SERVICE METHOD '{"argument": …}'
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.edge.stack import ROOT, wait_until

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class Cloud:
    """One `moto` server. `enter`: put before its command, to run it in another network."""

    def __init__(
        self, log: Path, port: int, enter: tuple[str, ...] = (), server: str = "moto.server"
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self._port, self._enter = port, enter
        self._process = subprocess.Popen(
            [*enter, sys.executable, "-m", server, "-H", "127.0.0.1", "-p", str(port)],
            cwd=ROOT, env={**os.environ, **KEYS, "PYTHONUNBUFFERED": "1",
                           "MOTO_RECORDER_FILEPATH": str(log.with_name("calls"))},
            stdout=log.open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        wait_until(lambda: "Running on" in log.read_text(), "the cloud answers", 60)

    def ask(self, service: str, method: str, **arguments: Any) -> Any:
        """What a call of boto3 returns; fails with what it raises."""
        done = subprocess.run(
            [*self._enter, sys.executable, "-m", "tests.logs.cloud", str(self._port), service,
             method, json.dumps(arguments)],
            cwd=ROOT, env={**os.environ, **KEYS}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def hang(self) -> None:
        """Accept connections, and never answer."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """It is gone."""
        self._process.kill()
        self._process.wait()


def main(port: str, service: str, method: str, arguments: str) -> None:
    """Call it, and print what came back as JSON."""
    import boto3

    client = boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION)
    print(json.dumps(getattr(client, method)(**json.loads(arguments)), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
