"""Tells node exporter of the site's containers and its own: what they use, and how they fare.

It reads Docker's socket and therefore must not listen, nor reach anybody: its container has no
network. What it finds it writes to a folder that node exporter reads (`textfile`). cAdvisor would
be the usual choice; it takes more memory than this whole site's edge, and wants the same socket in
a process that listens.

    tell.py FOLDER PROJECT…

Of other compose projects on this machine nothing is told, as they are not this site's concern, but
that something in them was killed when its memory ran out: it was not the machine's then.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Set
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

EVERY = 15  # seconds, as Prometheus asks
SOCKET = "/var/run/docker.sock"
PROJECT = "com.docker.compose.project"  # the label that compose gives
OTHER = "other"  # all containers that are not told of
NETWORK = Path("/host/proc/1/net/dev")

# name -> (type, help)
METRICS = {
    "kaira_container_running": ("gauge", "Whether a container runs."),
    "kaira_container_healthy": ("gauge", "What its health check says; none where there is none."),
    "kaira_container_start_time_seconds": ("gauge", "When it was started, since the epoch."),
    "kaira_container_memory_bytes": ("gauge", "Memory in use, without files that can be dropped."),
    "kaira_container_memory_limit_bytes": ("gauge", "How much it may have."),
    "kaira_container_cpu_seconds_total": ("counter", "CPU time."),
    "kaira_container_restarts_total": ("counter", "How often Docker has started it again."),
    "kaira_container_oom_kills_total": (
        "counter",
        "Processes killed because memory ran out; `other` are all containers but the site's own.",
    ),
    "kaira_host_network_receive_bytes_total": ("counter", "What this machine has received."),
    "kaira_host_network_transmit_bytes_total": ("counter", "What this machine has sent."),
}

Samples = dict[str, dict[str, float]]  # metric -> label -> value


class Docker:
    """Reads from the engine's API; never anything but GET."""

    def get(self, path: str, **query: str) -> Any:
        """The answer, decoded; a list if it is a stream of objects.

        Raises OSError or ValueError if there is no good answer.
        """
        connection = http.client.HTTPConnection("localhost", timeout=10)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        try:
            connection.sock.connect(SOCKET)
            connection.request("GET", f"{path}?{urlencode(query)}")
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{path}: {answer.status}")
        if path == "/events":
            return [json.loads(line) for line in body.splitlines() if line]
        return json.loads(body)


class Teller:
    """Remembers what only passes by: that memory ran out is an event, not a state."""

    def __init__(self, docker: Docker, projects: Set[str]) -> None:
        self._docker = docker
        self._projects = projects
        self._since = time.time()
        self._kills: Counter[str] = Counter()

    def look(self) -> Samples:
        """All that is known at this moment. Raises OSError, ValueError or LookupError."""
        found: Samples = {name: {} for name in METRICS}
        for each in self._docker.get("/containers/json", all="1"):
            if each["Labels"].get(PROJECT) not in self._projects:
                continue
            name = each["Names"][0].removeprefix("/")
            try:
                self._add(found, name, each["Id"])
            except (OSError, LookupError):  # it has just been removed
                continue
        self._count_kills(found)
        for device, received, sent in _network():
            found["kaira_host_network_receive_bytes_total"][device] = received
            found["kaira_host_network_transmit_bytes_total"][device] = sent
        return found

    # Private

    def _add(self, found: Samples, name: str, identifier: str) -> None:
        told = self._docker.get(f"/containers/{identifier}/json")
        state = told["State"]
        found["kaira_container_running"][name] = state["Running"]
        found["kaira_container_restarts_total"][name] = told["RestartCount"]
        found["kaira_container_start_time_seconds"][name] = _seconds(state["StartedAt"])
        found["kaira_container_oom_kills_total"][name] = 0
        if not state["Running"]:
            return
        if "Health" in state and state["Health"]["Status"] != "starting":
            found["kaira_container_healthy"][name] = state["Health"]["Status"] == "healthy"
        used = self._docker.get(
            f"/containers/{identifier}/stats", **{"stream": "false", "one-shot": "true"}
        )
        memory = used["memory_stats"]
        # Files that are read often count as well: an edge that fills its cache is not near its end.
        dropped = sum(memory["stats"].get(f"{which}_file", 0) for which in ("active", "inactive"))
        found["kaira_container_memory_bytes"][name] = memory["usage"] - dropped
        found["kaira_container_memory_limit_bytes"][name] = memory["limit"]
        found["kaira_container_cpu_seconds_total"][name] = (
            used["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
        )

    def _count_kills(self, found: Samples) -> None:
        now = time.time()
        filters = json.dumps({"type": ["container"], "event": ["oom"]})
        events = self._docker.get(
            "/events", since=f"{self._since:.9f}", until=f"{now:.9f}", filters=filters
        )
        self._since = now
        whose = (event["Actor"]["Attributes"] for event in events)
        self._kills.update(
            each["name"] if each.get(PROJECT) in self._projects else OTHER for each in whose
        )
        found["kaira_container_oom_kills_total"][OTHER] = 0
        found["kaira_container_oom_kills_total"] |= dict(self._kills)


def text(found: Samples) -> str:
    """In Prometheus' format."""
    lines = []
    for metric, (kind, help_) in METRICS.items():
        lines += [f"# HELP {metric} {help_}", f"# TYPE {metric} {kind}"]
        label = "device" if "network" in metric else "name"
        for name, value in sorted(found[metric].items()):
            lines.append(f'{metric}{{{label}="{name}"}} {float(value)!r}')
    return "\n".join(lines) + "\n"


def main(folder: Path, projects: Set[str]) -> None:
    """Until SIGTERM. An engine that does not answer leaves the file as old as it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    teller = Teller(Docker(), projects)
    while True:
        try:
            new = folder / "containers.new"
            new.write_text(text(teller.look()))
            new.rename(folder / "containers.prom")
        except (OSError, ValueError, LookupError) as error:
            _say("containers not told", detail=f"{type(error).__name__}: {error}")
        time.sleep(EVERY)


# Private


def _seconds(stamp: str) -> float:
    # Docker has nanoseconds; Python reads six digits.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp)).timestamp()


def _network() -> list[tuple[str, int, int]]:
    """Of the machine's own devices: not the bridges, and not the containers' ends."""
    devices = []
    for line in NETWORK.read_text().splitlines()[2:]:
        device, _, numbers = line.strip().partition(":")
        if not device.startswith(("lo", "veth", "docker", "br-", "ifb")):
            fields = numbers.split()
            devices.append((device, int(fields[0]), int(fields[8])))
    return devices


def _say(event: str, **more: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"timestamp": stamp, "level": "error", "event": event, **more}
    print(json.dumps(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    main(Path(sys.argv[1]), set(sys.argv[2:]))
