"""The monitoring stack beside the production stack, and who is told of alerts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.edge.stack import ROOT, Stack, free_port, run, wait_until

COMPOSE = ROOT / "docker-compose.monitoring.yml"


class Receiver:
    """A webhook, and one of Slack's kind at /slack: remembers when it was told of what."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str, str]] = []  # when, alert, firing or resolved
        self.slack: list[dict[str, Any]] = []
        remember, slack = self.told.append, self.slack

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/slack":
                    slack.append(message)
                for alert in message.get("alerts", ()):
                    remember((time.time(), alert["labels"]["alertname"], alert["status"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(b"ok")  # as Slack says it

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def when(self, alert: str, status: str, since: float = 0) -> float | None:
        """When it was first told of this alert as `status`; None if it was not."""
        times = (at for at, name, has in self.told if (name, has) == (alert, status))
        return next((at for at in times if at >= since), None)

    def wait(self, alert: str, status: str, since: float, seconds: float) -> float:
        """When it was told, waiting for it that long. Raises AssertionError if it was not."""
        end = time.monotonic() + seconds
        while (at := self.when(alert, status, since)) is None:
            assert time.monotonic() < end, f"not told that {alert} is {status}, but of {self.told}"
            time.sleep(0.2)
        return at

    def names(self, status: str, since: float = 0) -> set[str]:
        """The alerts that it was told of as `status`."""
        return {alert for at, alert, has in self.told if has == status and at >= since}


class Monitoring(Stack):
    """docker-compose.monitoring.yml beside a site, with everything but Grafana."""

    SERVICES = ("prometheus", "alertmanager", "node-exporter", "containers", "nginx-exporter",
                "blackbox")  # fmt: skip

    def __init__(self, site: Stack, receiver: Receiver, *overrides: Path, **env: str) -> None:
        """`overrides`: further compose files."""
        ports = {f"{name}_PORT": str(free_port()) for name in ("PROMETHEUS", "ALERTMANAGER")}
        super().__init__(
            f"{site.project}-monitoring",
            Path(__file__).with_name("compose.yml"),
            *overrides,
            base=COMPOSE,
            GRAFANA_ADMIN_PASSWORD="not started",
            KAIRA_PROJECT=site.project,
            HOST_MOUNT="ro,rslave" if _root_is_shared() else "ro",
            ALERT_WEBHOOK_URL=f"http://receiver:{receiver.port}/",
            **ports,
            **env,
        )
        self.prometheus = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"
        self.alertmanager = f"http://127.0.0.1:{ports['ALERTMANAGER_PORT']}"

    def up(self, *arguments: str) -> None:
        """Start, and wait until all is well and every target was asked."""
        super().up(*arguments, *self.SERVICES)
        wait_until(lambda: set(self.targets().values()) == {"up"}, "all targets are up", 60)

    def targets(self) -> dict[str, str]:
        """Job and instance of each target, and whether it is up, down or unknown."""
        found = httpx.get(f"{self.prometheus}/api/v1/targets").json()["data"]["activeTargets"]
        return {
            f"{each['labels']['job']}/{each['labels']['instance']}": each["health"]
            for each in found
        }

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers. Raises AssertionError if it does not understand."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        data = answer["data"]
        result: list[dict[str, Any]] = [data] if data["resultType"] == "scalar" else data["result"]
        return result

    def value(self, expression: str) -> float:
        """The one value of the answer."""
        (only,) = self.ask(expression)
        return float(only["value"][1])

    def memory(self) -> dict[str, float]:
        """MB in use, by service."""
        named = {each: self.container(each) for each in self.SERVICES}
        form = "{{.Name}} {{.MemUsage}}"
        lines = run("docker", "stats", "--no-stream", "--format", form, *named.values()).split("\n")
        used = {line.split()[0]: line.split()[1] for line in lines if line}
        units = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
        return {
            each: float(used[name][:-3]) * units[used[name][-3:]] for each, name in named.items()
        }


def _root_is_shared() -> bool:
    """As systemd makes it on a server; in a machine that is a container itself it is not."""
    told = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    root = [fields for fields in told if fields[4] == "/"][-1]
    return any(field.startswith(("shared:", "master:")) for field in root[6:])


@contextmanager
def visitors(site: Stack, rate: float = 10) -> Iterator[None]:
    """So many requests a second while the block runs, one in four for the API.

    Raises AssertionError at its end if one of them was not answered at all.
    """
    stop = threading.Event()
    lost: list[str] = []

    def visit() -> None:
        with site.client() as client:
            while not stop.is_set():
                for path in ("/", "/about/", "/api/info", "/style.css"):
                    try:
                        client.get(path)
                    except httpx.TransportError as error:
                        lost.append(f"{path}: {error!r}")
                    stop.wait(1 / rate)

    thread = threading.Thread(target=visit, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not lost, lost[:5]
